"""Reads DocsAutomator's requests and writes its answers and refusals."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from sandbox.docsautomator.automations import Automations
from sandbox.docsautomator.jobs import Jobs
from sandbox.docsautomator.requests import Body
from sandbox.engine import Engine, NotFound, Refused

B = TypeVar("B", bound=Body)
BASE = "/docsautomator"
NO_KEY = "Incorrect / missing API key"


class Refusal(Exception):
    """The call is refused with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Call(NamedTuple):
    """One authenticated request on its way."""

    engine: Engine
    automations: Automations
    jobs: Jobs
    request: Request

    def part(self, name: str) -> str:
        """A variable part of the path."""
        return str(self.request.path_params[name])

    def query(self, kind: type[B]) -> B:
        """The parameters of the address; raises Refusal. A repeated one counts once, with its last value."""
        try:
            return kind.model_validate(dict(self.request.query_params))
        except ValidationError as problem:
            raise Refusal(400, sentence(problem)) from None

    async def read(self, kind: type[B], *, may_be_absent: bool = False) -> B:
        """The body as declared; raises Refusal. "Malformed JSON payloads return 400" (troubleshooting page); the other
        cases are not documented, and get 400 too ("missing or invalid parameters")."""
        raw = await self.request.body()
        if not raw.strip() and may_be_absent:
            return kind()
        media_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Refusal(400, "The Content-Type has to be application/json.")
        try:
            return kind.model_validate_json(raw)
        except ValidationError as problem:
            raise Refusal(400, sentence(problem)) from None


class Answer(NamedTuple):
    """An answer with another status than 200."""

    content: dict[str, Any]
    status: int


Action = Callable[[Call], Awaitable[dict[str, Any] | Answer]]
ActionTable = list[tuple[str, str, Action]]


async def answer_to(call: Call, action: Action) -> Response:
    """Performs a call."""
    path = call.request.url.path
    try:
        done = await action(call)
    except Refusal as problem:
        return refused(path, problem.status, str(problem))
    except NotFound as problem:
        return refused(path, 404, str(problem))
    except Refused as problem:
        return refused(path, 400, str(problem))
    return answer(done.content, done.status) if isinstance(done, Answer) else answer(done)


def answer(content: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the provider writes it."""
    return Response(encode(content), status, headers, media_type="application/json")


def encode(content: dict[str, Any]) -> bytes:
    """As JavaScript writes it: no spaces, no escapes beyond the necessary."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def refused(path: str, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Three shapes occur: the eSign page's, the troubleshooting page's for making documents, and the OpenAPI file's."""
    if path.startswith(f"{BASE}/esign/"):
        return answer({"error": True, "message": message}, status, headers)
    name = "message" if path == f"{BASE}/createDocument" else "error"
    return answer({name: message}, status, headers)


def sentence(problem: ValidationError) -> str:
    """The first thing that is wrong, with its place."""
    first = problem.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "The body is not valid JSON."
    place = ".".join(str(part) for part in first["loc"] if not (isinstance(part, str) and "[" in part))
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
