"""Google Sheets on the loopback: the v4 calls of gspread, strict, with people beside us and faults on command.

    with GoogleSheets() as google:
        people = google.book("People").add("People", [["Name", "esign id"], ["Signer One", ""]])
        google.after("values read", lambda: people.sort("A"))     # between our read and our write
        google.fail(faults.cut_after(), "values.batchUpdate")     # written, but we are not told
        client = client_for(google)

What an action of `after` and `before` does happens while the call is being answered; it must not call the server.
"""

from __future__ import annotations

import asyncio
import bisect
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from tests.google import changes, identity, masks, values
from tests.google.book import ANYBODY, Book
from tests.google.calls import Call, Wanted, recognised
from tests.google.discovery import checked, checked_query
from tests.google.errors import Refused, narrow_scope, no_permission, not_a_google_sheet, not_found, over_quota
from tests.google.errors import unauthenticated as no_token
from tests.google.faults import Fault, Rule
from tests.google.identity import Identity, Token

MAX_CALLS = 50_000
MAX_BODY = 32 * 2**20
SECRETS_IN_QUERIES = {"access_token", "oauth_token", "key"}


@dataclass
class Quota:
    """Calls a user may make within any stretch of `seconds`; None for as many as they like."""

    reads: int | None = 60
    writes: int | None = 60
    seconds: float = 60.0


class Clock:
    """A clock that goes on only when it is told to; give it to GoogleSheets where minutes must not be waited for."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class GoogleSheets:
    """Runs on a thread of its own, so that gspread, which blocks, can be called from anywhere."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, quota: Quota | None = None) -> None:
        self.clock = clock
        self.quota = quota or Quota()
        self.identity = Identity(clock)
        self.books: dict[str, Book] = {}
        self.calls: list[Call] = []
        self.tokens_granted = 0
        self.lock = threading.RLock()
        self.mishaps: list[Exception] = []
        """What went wrong in the double or in an action; the first is raised at the end of the test."""
        self._faults: list[Rule] = []
        self._before: list[Rule] = []
        self._after: list[Rule] = []
        self._used: dict[tuple[str, str], deque[float]] = {}
        self.url = ""

    # A life.

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="google-double", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        if self.mishaps and exc_info[0] is None:
            raise self.mishaps[0]

    async def _open(self) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{everything:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    # What a test sets up.

    def book(self, title: str = "Book", locale: str = "en_US", book_id: str = "") -> Book:
        """A new spreadsheet, shared with everybody for writing."""
        with self.lock:
            made = book_id or f"1{len(self.books) + 1:03}madeUpSpreadsheetIdOfTheTests{'x' * 12}"
            self.books[made] = Book(made, title, locale)
            return self.books[made]

    def share(self, book: Book, **roles: str) -> None:
        """`robot="reader"`, `person="writer"`: for these and nobody else."""
        addresses = {"robot": identity.ROBOT, "person": identity.PERSON, "anybody": ANYBODY}
        book.shares = {addresses[name]: role for name, role in roles.items()}

    def service_account_file(self, path: Path) -> Path:
        return identity.write(self.identity.service_account(self.url), path)

    def authorized_user_file(self, path: Path) -> Path:
        return identity.write(self.identity.authorized_user(self.url), path)

    def fail(self, fault: Fault, calls: Wanted = "any", times: int | None = 1, skip: int = 0) -> None:
        """The next calls that fit go wrong; rules are asked in the order they were made."""
        with self.lock:
            self._faults.append(Rule(calls, fault, times, skip))

    def after(self, calls: Wanted, action: Callable[[], object], times: int | None = 1, skip: int = 0) -> None:
        """Right after the next call that fits has been done, before its answer goes out."""
        with self.lock:
            self._after.append(Rule(calls, action, times, skip))

    def before(self, calls: Wanted, action: Callable[[], object], times: int | None = 1, skip: int = 0) -> None:
        """Right before the next call that fits is done."""
        with self.lock:
            self._before.append(Rule(calls, action, times, skip))

    def after_call(self, number: int, action: Callable[[], object]) -> None:
        """Between call `number` and the next, whatever it is; the first call is number 1."""
        self.after(lambda call: call.number == number, action)

    def calm(self) -> None:
        """No more faults and no more people."""
        with self.lock:
            self._faults, self._before, self._after = [], [], []

    # What a test asks afterwards.

    def made(self, calls: Wanted = "any") -> list[Call]:
        with self.lock:
            return [call for call in self.calls if call.is_(calls)]

    def counts(self) -> Counter[str]:
        return Counter(call.kind for call in self.made())

    def busiest(self, calls: Wanted = "write", seconds: float = 60.0, refused_too: bool = False) -> int:
        """The most calls that began within any stretch of `seconds`; those that met the quota only on wish."""
        times = sorted(call.time for call in self.made(calls) if refused_too or call.status != 429)
        return max((bisect.bisect_left(times, at + seconds) - first for first, at in enumerate(times)), default=0)

    # The wire.

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        path, _, query = request.raw_path.partition("?")
        if path == "/token":
            form = dict(parse_qsl(body.decode()))
            with self.lock:
                status, answer = self.identity.grant(form, f"{self.url}/token")
                self.tokens_granted += status == 200
            return web.json_response(answer, status=status)
        with self.lock:
            if len(self.calls) >= MAX_CALLS:
                return web.Response(status=500, text="The double keeps no more calls; a test runs away.")
            call = recognised(
                Call(len(self.calls) + 1, self.clock(), request.method, path, parse_qsl(query, keep_blank_values=True))
            )
            self.calls.append(call)
            try:
                status, answer, fault = self._judge(call, request.headers, body)
            except Exception as mishap:
                self.mishaps.append(mishap)
                raise
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.cut:
            return await self._cut(request, answer, fault.share)
        call.status, call.answer = status, answer
        if fault.page:
            return web.Response(status=status, text=answer, content_type="text/html")
        return web.json_response(answer, status=status, headers=fault.headers)

    async def _cut(self, request: web.Request, answer: Any, share: float) -> web.StreamResponse:
        whole = json.dumps(answer).encode()
        response = web.StreamResponse(headers={"Content-Length": str(len(whole)), "Content-Type": "application/json"})
        if share:
            await response.prepare(request)
            await response.write(whole[: int(len(whole) * share)])
        if request.transport is not None:
            request.transport.close() if share else request.transport.abort()
        return response

    def _judge(self, call: Call, headers: Any, body: bytes) -> tuple[int, Any, Fault]:
        for rule in self._before:
            if rule.takes(call):
                rule.what()
        fault = next((rule.what for rule in self._faults if rule.takes(call)), Fault(applied=True))
        call.body = self._json(body)
        status, answer = 0, None
        if fault.applied:
            try:
                status, answer = 200, self._done(call, headers, body)
            except Refused as refused:
                return refused.code, refused.body(), Fault()
            for rule in self._after:
                if rule.takes(call):
                    rule.what()
        if fault.page:
            status, answer = fault.page
        elif fault.refused:
            status, answer = fault.refused.code, fault.refused.body()
        return status, answer, fault

    @staticmethod
    def _json(body: bytes) -> Any:
        try:
            return json.loads(body) if body else None
        except ValueError:
            return None

    def _done(self, call: Call, headers: Any, body: bytes) -> Any:
        """In Google's order: who, how often, what, where, whether they may."""
        if leaked := SECRETS_IN_QUERIES & {name for name, _ in call.query}:
            raise Refused(f"A secret has no place in an address: {', '.join(sorted(leaked))}")
        token = self.identity.holder(headers.get("Authorization", ""))
        if token is None:
            raise no_token("ACCESS_TOKEN_EXPIRED" if "Authorization" in headers else "CREDENTIALS_MISSING")
        call.user = token.user
        if not call.kind:
            raise Refused(f"The double has no {call.method} {call.path}", 404)
        self._count(call)
        query = checked_query(call.kind, call.query)
        content = self._checked_body(call, headers, body)
        mask = masks.parsed(query["fields"]) if query.get("fields") else {}
        masks.known(mask, call.response)
        book = self._reachable(call, token)
        with book.lock:
            book.note_in(call.written)
            try:
                answer = self._dispatch(call, book, query, content, mask)
            finally:
                book.note_in(None)
        call.applied = True
        return masks.part(answer, mask)

    def _checked_body(self, call: Call, headers: Any, body: bytes) -> dict[str, Any]:
        if call.request is None:
            if body:
                raise Refused("Invalid JSON payload received. A GET has no body.")
            return {}
        if body and call.body is None:
            raise Refused("Invalid JSON payload received. Expected a value.")
        if body and not headers.get("Content-Type", "").startswith("application/json"):
            raise Refused("Invalid JSON payload received. Unexpected content type.")
        return checked(call.body or {}, call.request)

    def _count(self, call: Call) -> None:
        word, limit = ("Read", self.quota.reads) if call.reads else ("Write", self.quota.writes)
        if limit is None:
            return
        used = self._used.setdefault((call.user, word), deque())
        while used and used[0] <= call.time - self.quota.seconds:
            used.popleft()
        if len(used) >= limit:
            raise over_quota(word, limit)
        used.append(call.time)

    def _reachable(self, call: Call, token: Token) -> Book:
        if call.book not in self.books:
            raise not_found()
        book = self.books[call.book]
        role = book.role(token.user)
        if not token.reads or (call.writes and not token.writes):
            raise narrow_scope()
        if role is None or (call.writes and role != "writer"):
            raise no_permission()
        if book.is_excel_file:
            raise not_a_google_sheet()
        return book

    def _dispatch(
        self, call: Call, book: Book, query: dict[str, Any], content: dict[str, Any], mask: masks.Mask
    ) -> dict[str, Any]:
        if call.kind == "get":
            grid_data = masks.reaches(mask, "sheets", "data") if mask else query.get("includeGridData", False)
            return book.described(query.get("ranges", []), grid_data)
        hands: dict[str, Callable[[], dict[str, Any]]] = {
            "batchUpdate": lambda: changes.apply(book, content),
            "values.get": lambda: values.get(book, call.text, query),
            "values.batchGet": lambda: values.batch_get(book, query),
            "values.update": lambda: values.update(book, call.text, query, content),
            "values.batchUpdate": lambda: values.batch_update(book, content),
            "values.append": lambda: values.append(book, call.text, query, content),
            "values.clear": lambda: values.clear(book, call.text),
            "values.batchClear": lambda: values.batch_clear(book, content),
            "developerMetadata.search": lambda: changes.search_metadata(book, content),
        }
        return hands[call.kind]()
