"""Reads Leap's requests and writes its answers and refusals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sandbox import uploads
from sandbox.engine import Engine, NotFound, Refused
from sandbox.leap.requests import NewProcess
from sandbox.paper import DOCX, PDF

ANY_TYPE = ("", "application/octet-stream")
"""The document is only called "binary": a part may say its type or leave it open (not documented)."""


class Unreadable(Exception):
    """The request is not what this call takes."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class File(NamedTuple):
    """The document as it was handed in; `media_type` is empty where the part leaves it open."""

    content: bytes
    media_type: str


class Call(NamedTuple):
    """One authenticated request on its way."""

    engine: Engine
    request: Request

    @property
    def id(self) -> str:
        """The `projectId` in the path."""
        return str(self.request.path_params["id"])

    async def form(self) -> tuple[NewProcess, File]:
        """The parts of a new signing process; raises Unreadable."""
        if _essence(self.request.headers.get("Content-Type")) != "multipart/form-data":
            raise Unreadable(415, "The Content-Type must be multipart/form-data.")
        try:
            async with self.request.form() as form:
                given = _once(form.multi_items())
                document = given.pop("document", None)
                files = sorted(name for name, value in given.items() if isinstance(value, UploadFile))
                if files:
                    raise Unreadable(400, f"{files[0]}: must be a part without a file name.")
                return _valid(given), await _file(document)
        except HTTPException as problem:  # such as a header without the boundary between the parts
            raise Unreadable(400, f"The form cannot be read: {problem.detail}") from None


Action = Callable[[Call], Awaitable[dict[str, Any] | None]]
ActionTable = list[tuple[str, str, Action]]


async def answer_to(engine: Engine, request: Request, action: Action) -> Response:
    """Performs a call: 200 with what it gives, 204 where it gives nothing."""
    try:
        content = await action(Call(engine, request))
    except Unreadable as problem:
        return refusal(problem.status, str(problem))
    except NotFound:
        return refusal(404, "There is no signing process with this projectId; it may have been deleted.")
    except Refused as problem:
        return refusal(400, str(problem))
    return Response(status_code=204) if content is None else _json(content, 200)


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """One sentence under `message`, which is documented for 400 alone; the others look the same (not documented)."""
    return _json({"message": message}, status, headers)


def _json(content: dict[str, Any], status: int, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers, media_type="application/json")


def _valid(given: dict[str, Any]) -> NewProcess:
    """Parameters that "contain invalid syntax" may be a 500 (Starting a Signing Process): what is no JSON, has the
    wrong type or is no boolean. What can be read but not be done is a 400 (where the line runs is not documented)."""
    try:
        return NewProcess.model_validate(given)
    except ValidationError as problem:
        errors = problem.errors(include_url=False, include_input=False)
        syntax = [one for one in errors if _is_syntax(one["type"])]
        raise Unreadable(500 if syntax else 400, _sentence((syntax or errors)[0])) from None


def _is_syntax(kind: str) -> bool:
    return kind in ("json_invalid", "literal_error") or kind.endswith("_type")


async def _file(document: object) -> File:
    """A file format that "is not supported" is a 400 (Starting a Signing Process); DOCX and PDF are."""
    if not isinstance(document, UploadFile):
        raise Unreadable(400, "document: a DOCX or PDF file is required.")
    media_type = _essence(document.content_type)
    if media_type not in (DOCX, PDF, *ANY_TYPE):
        raise Unreadable(400, f"document: the file format {media_type} is not supported, only DOCX and PDF are.")
    return File(await uploads.content_of(document), "" if media_type in ANY_TYPE else media_type)


def _once(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Raises Unreadable for a part that comes twice: lists are JSON in one part."""
    listed = list(items)
    twice = [name for name, times in Counter(name for name, _ in listed).items() if times > 1]
    if twice:
        raise Unreadable(400, f"{twice[0]}: is given more than once.")
    return dict(listed)


def _essence(media_type: str | None) -> str:
    return (media_type or "").partition(";")[0].strip().lower()


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {str(error['msg']).removeprefix('Value error, ')}"
