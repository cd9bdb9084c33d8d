"""Reads eSignatures' requests and writes its answers and refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from sandbox.engine import Engine, NotFound, Refused
from sandbox.esignatures.answers import encode
from sandbox.esignatures.requests import Body

B = TypeVar("B", bound=Body)

QUEUED: dict[str, Any] = {"status": "queued"}


class Unreadable(Exception):
    """The request's body is not what this call takes."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Call(NamedTuple):
    """One authenticated request on its way."""

    engine: Engine
    request: Request

    def part(self, name: str) -> str:
        """A variable part of the path."""
        return str(self.request.path_params[name])

    async def read(self, kind: type[B]) -> B:
        """The body as declared; raises Unreadable."""
        media_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Unreadable(415, "The Content-type must be application/json.")
        try:
            return kind.model_validate_json(await self.request.body())
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            if first["type"] == "json_invalid":
                raise Unreadable(400, "The body is not valid JSON.") from None
            raise Unreadable(422, _sentence(first)) from None


Action = Callable[[Call], Awaitable[dict[str, Any]]]
ActionTable = list[tuple[str, str, Action]]


async def answer_to(engine: Engine, request: Request, action: Action) -> Response:
    """Performs a call."""
    try:
        return answer(await action(Call(engine, request)))
    except Unreadable as problem:
        return refusal(problem.status, "invalid-request", str(problem))
    except NotFound as problem:
        return refusal(404, "not-found", str(problem))
    except Refused as problem:
        return refusal(422, "refused", str(problem))


def answer(content: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the provider writes it."""
    return Response(encode(content), status, headers, media_type="application/json")


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The reference shows no error answers; this is the shape of its error notifications by webhook."""
    return answer({"status": "error", "data": {"error_code": code, "error_message": message}}, status, headers)


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"] if not _is_branch(part))
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _is_branch(part: object) -> bool:
    """Which branch of a union failed is pydantic's business, not the caller's."""
    return isinstance(part, str) and ("[" in part or part == "constrained-str")
