"""Reads eSign's requests and writes its answers and refusals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sandbox import uploads
from sandbox.engine import Engine, NotFound, Refused
from sandbox.paper import PDF
from sandbox.switchlabs.requests import Body, Listing, NewDocument, Sending

B = TypeVar("B", bound=Body)


class Unreadable(Exception):
    """The request is not what this call takes."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Call(NamedTuple):
    """One authenticated request on its way; what cannot be read raises Unreadable."""

    engine: Engine
    request: Request

    @property
    def id(self) -> str:
        """The document in the path."""
        return str(self.request.path_params["id"])

    async def form(self) -> tuple[NewDocument, bytes]:
        """The text fields and the PDF of a new document."""
        if self._media_type() != "multipart/form-data":
            raise Unreadable(415, "The Content-Type must be multipart/form-data.")
        try:
            async with self.request.form() as form:
                given = _once(form.multi_items())
                file = given.pop("file", None)
                content = await _pdf(file)
                texts = {name: value for name, value in given.items() if isinstance(value, str)}
        except HTTPException as problem:  # such as a header without the boundary between the parts
            raise Unreadable(400, f"The form cannot be read: {problem.detail}") from None
        files = given.keys() - texts.keys()
        if files:
            raise Unreadable(400, f"{min(files)} must be a text field and not a file.")
        return _valid(NewDocument, lambda: NewDocument.model_validate(texts)), content

    async def sending(self) -> Sending:
        """The body of a send call, which may be missing."""
        raw = await self.request.body()
        if not raw:
            return Sending()
        if self._media_type() != "application/json":
            raise Unreadable(415, "The Content-Type must be application/json.")
        return _valid(Sending, lambda: Sending.model_validate_json(raw))

    def listing(self) -> Listing:
        """The query of the list."""
        given = _once(self.request.query_params.multi_items())
        return _valid(Listing, lambda: Listing.model_validate(given))

    def _media_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


Action = Callable[[Call], Awaitable[dict[str, Any]]]
ActionTable = list[tuple[str, str, Action]]


async def answer_to(engine: Engine, request: Request, action: Action) -> Response:
    """Performs a call. The page names no status codes: 200 for what was done, 400 for what was asked wrongly, 404 for a
    document that is not there (not documented)."""
    try:
        return answer(await action(Call(engine, request)))
    except Unreadable as problem:
        return refusal(problem.status, str(problem))
    except NotFound:
        return refusal(404, "There is no document with this id.")
    except Refused as problem:
        return refusal(400, str(problem))


def encode(value: object) -> bytes:
    """JSON as Node writes it, which the provider's own sample is for."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def answer(content: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the provider writes it."""
    return Response(encode(content), status, headers, media_type="application/json")


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """One sentence under `error` (not documented)."""
    return answer({"error": message}, status, headers)


async def _pdf(file: object) -> bytes:
    """The `file` is a PDF and required; so the part has to say that it is one."""
    if not isinstance(file, UploadFile):
        raise Unreadable(400, "file: a PDF file is required.")
    if (file.content_type or "").partition(";")[0].strip().lower() != PDF:
        raise Unreadable(400, f"file: its type must be {PDF}.")
    return await uploads.content_of(file)


def _once(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Raises Unreadable for what is given twice."""
    listed = list(items)
    name, times = max(Counter(name for name, _ in listed).items(), key=lambda one: one[1], default=("", 0))
    if times > 1:
        raise Unreadable(400, f"{name} is given more than once.")
    return dict(listed)


def _valid(kind: type[B], read: Callable[[], B]) -> B:
    try:
        return read()
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        raise Unreadable(400, f"{place}: {message}" if place else message) from None
