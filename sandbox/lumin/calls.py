"""Reads Lumin's requests and writes its answers and refusals."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.engine import Engine, NotFound, Refused
from sandbox.lumin import forms
from sandbox.lumin.requests import Body

B = TypeVar("B", bound=Body)


class Problem(Exception):
    """A request that gets an error. Of the codes the reference names `verification_not_licensed` alone; the others, and
    the statuses but 401 and 403 (it says "4xx"), are not documented."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Call(NamedTuple):
    """One authenticated request on its way."""

    engine: Engine
    request: Request

    def part(self, name: str) -> str:
        """A variable part of the path."""
        return str(self.request.path_params[name])

    def query(self, *known: str) -> dict[str, str]:
        """The query's parameters; raises Problem for others than these."""
        given = dict(self.request.query_params)
        for name in given:
            if name not in known:
                raise Problem(400, "bad_request", f"{name}: there is no such query parameter.")
        return given

    async def json(self, kind: type[B]) -> B:
        """The JSON body as declared; raises Problem."""
        if self._media_type() != "application/json":
            raise Problem(415, "unsupported_media_type", "The Content-Type has to be application/json.")
        return _valid(kind, await self._decoded())

    async def json_or_form(self, kind: type[B]) -> tuple[B, dict[str, list[UploadFile]]]:
        """The body as declared, from JSON or from a form with bracketed names, and the form's files by field."""
        if self._media_type() != "multipart/form-data":
            if self._media_type() != "application/json":
                message = "The Content-Type has to be application/json or multipart/form-data."
                raise Problem(415, "unsupported_media_type", message)
            return _valid(kind, await self._decoded()), {}
        try:
            fields, files = forms.parted(await self.request.form())
        except forms.Garbled as problem:
            raise Problem(400, "bad_request", str(problem)) from None
        except HTTPException:
            raise Problem(400, "bad_request", "The body is not a readable form.") from None
        return _valid(kind, fields), files

    async def no_body(self) -> None:
        """For calls that are told everything by their path."""
        if await self.request.body() not in (b"", b"{}"):
            raise Problem(400, "bad_request", "This call takes no body.")

    def _media_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def _decoded(self) -> Any:
        try:
            return json.loads(await self.request.body())
        except (ValueError, RecursionError):
            raise Problem(400, "bad_request", "The body is not valid JSON.") from None


Action = Callable[[Call], Awaitable[Response]]
ActionTable = list[tuple[str, str, Action]]


async def answer_to(engine: Engine, request: Request, action: Action) -> Response:
    """Performs a call."""
    try:
        return await action(Call(engine, request))
    except Problem as problem:
        return refusal(problem.status, problem.code, str(problem))
    except NotFound as problem:
        return refusal(404, "not_found", str(problem))
    except Refused as problem:
        return refusal(400, "bad_request", str(problem))


def answer(content: Mapping[str, Any], status: int = 200, afterwards: BackgroundTask | None = None) -> Response:
    """A good answer; what is to be done `afterwards` is done when it has gone out."""
    return JSONResponse(content, status, background=afterwards)


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The error object of all calls: `error_code` and `error_message`."""
    return JSONResponse({"error_code": code, "error_message": message}, status, headers)


def _valid(kind: type[B], value: Any) -> B:
    try:
        return kind.model_validate(value)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        raise Problem(400, "bad_request", _sentence(first)) from None


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"] if not _is_branch(part))
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _is_branch(part: object) -> bool:
    """Which branch of a union failed is pydantic's business, not the caller's."""
    return isinstance(part, str) and ("[" in part or part in ("int", "constrained-str", "constrained-int"))
