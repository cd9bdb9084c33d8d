"""A provider that does not exist, to try what the sandbox's core has for all dialects."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import ids, uploads
from sandbox.contract import Contract, Event, Signer
from sandbox.dialect import Dialect, Webhook
from sandbox.dialects import DIALECTS
from sandbox.engine import Engine, NotFound, Refused
from sandbox.links import Links
from sandbox.paper import Placed
from tests.sandbox.running import TOKEN, Customer, Receiver, running

BASE = "/example/v1/requests"


class Example(Dialect):
    """It tells everything it hears, and has a call for every verb."""

    name = "example"
    retry_hours = (0.5, 2.0)
    timeout_seconds = 5.0

    def routes(self, engine: Engine) -> list[Route]:
        def route(method: str, path: str, verb: Callable[[Request], Awaitable[Any]]) -> Route:
            async def endpoint(request: Request) -> Response:
                try:
                    answer = await verb(request)
                except Refused as problem:
                    return self.refusal(404 if isinstance(problem, NotFound) else 422, str(problem))
                return answer if isinstance(answer, Response) else JSONResponse(answer)

            return Route(BASE + path, endpoint, methods=[method])

        async def create(request: Request) -> Any:
            form = await request.form()
            wanted, upload = json.loads(str(form["json"])), ""
            if "file" in form:
                upload = await engine.keep_upload(await uploads.content_of(form["file"]), wanted.get("type", ""))  # type: ignore[arg-type]
            contract = await engine.create(self._contract(wanted, upload, engine), sent=wanted.get("sent", True))
            return _shown(contract, engine.links)

        async def show(request: Request) -> Any:
            return _shown(await engine.contract(request.path_params["id"]), engine.links)

        async def listed(request: Request) -> Any:
            states = request.query_params.getlist("state")
            limit, offset = (int(request.query_params[name]) for name in ("limit", "offset"))
            found = await engine.newest(limit, offset, states=states)  # type: ignore[arg-type]
            return {"ids": [one.id for one in found], "total": await engine.count(states=states)}  # type: ignore[arg-type]

        async def signed(request: Request) -> Any:
            pdf = await engine.signed_pdf(request.path_params["id"])
            return Response(pdf or b"", 200 if pdf else 409, media_type="application/pdf")

        async def act(request: Request) -> Any:
            one, verb, given = request.path_params["id"], request.path_params["verb"], await request.json()
            if verb == "until":
                return _shown(await engine.move_expiry(one, datetime.fromisoformat(given["until"])), engine.links)
            if verb == "delete":
                return await engine.delete(one)
            verbs: dict[str, Callable[..., Awaitable[Contract]]] = {
                "send": engine.send_draft, "withdraw": engine.withdraw, "remind": engine.remind, "fail": engine.fail,
            }  # fmt: skip
            return _shown(await verbs[verb](one, **given), engine.links)

        async def notes(request: Request) -> Any:
            if request.method == "POST":
                for name, value in (await request.json()).items():
                    await engine.note("jobs", name, value)
            return {"all": await engine.notes("jobs"), "one": await engine.noted("jobs", "one")}

        return [
            route("POST", "", create),
            route("GET", "", listed),
            route("POST", "/notes", notes),
            route("GET", "/notes", notes),
            route("GET", "/{id}", show),
            route("GET", "/{id}/file", signed),
            route("POST", "/{id}/{verb}", act),
        ]

    def webhooks(self, contract: Contract, event: Event, links: Links) -> list[Webhook]:
        """Every event once, the end twice."""
        if not self.account.webhook_url:
            return []
        told = {
            "event": event.what,
            "id": contract.id,
            "at": event.at.isoformat(),
            "who": event.signer.name if event.signer else "",
            "detail": event.detail,
            "state": contract.state,
        }
        body = json.dumps(told).encode()
        return [Webhook(event.what, self.account.webhook_url, body)] * (2 if event.what == "completed" else 1)

    def headers(self, body: bytes) -> dict[str, str]:
        key = self.account.webhook_secret.encode()
        return {"X-Example": hmac.new(key, body, hashlib.sha256).hexdigest(), "Content-Type": "text/x-example"}

    def accepted(self, status: int) -> bool:
        return status == 204

    def refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        return JSONResponse({"oh": message}, status, headers)

    def _contract(self, wanted: dict[str, Any], upload: str, engine: Engine) -> Contract:
        signers = tuple(
            Signer(
                id=ids.hexadecimal(40),
                name=one["name"],
                email=one["email"],
                order=one.get("order", 1),
                role=one.get("role", ""),
                request_by=tuple(one.get("request_by", ["email"])),
                extra={"number": number},
            )
            for number, one in enumerate(wanted["signers"])
        )
        until = wanted.get("until")
        return Contract(
            id=wanted.get("id") or ids.hexadecimal(24),
            dialect=self.name,
            title=wanted.get("title", "House rules"),
            body=wanted.get("markdown", ""),
            sender="Example Company 01",
            created_at=engine.clock.now(),
            signers=signers,
            test=wanted.get("test", False),
            upload=upload,
            placed=tuple(Placed(**one | {"signer": signers[one["signer"]].id}) for one in wanted.get("placed", [])),
            due=datetime.fromisoformat(until) if until else None,
            life_hours=wanted.get("hours"),
            extra={"echo": wanted.get("echo")},
        )


def _shown(contract: Contract, links: Links) -> dict[str, Any]:
    return {
        "id": contract.id,
        "state": contract.state,
        "completed": contract.completed,
        "due": contract.due.isoformat() if contract.due else None,
        "ended": contract.ended_at is not None,
        "reason": contract.reason,
        "failure": contract.failure,
        "declined_by": contract.declined_by,
        "media_type": contract.media_type,
        "original": links.pdf(contract.upload, 1) if contract.upload else "",
        "extra": contract.extra,
        "signers": [
            {
                "id": one.id,
                "url": links.sign_page(one.id),
                "state": one.state,
                "role": one.role,
                "reminded": one.reminded,
                "times": [name for name in ("invited", "viewed", "signed", "declined") if getattr(one, f"{name}_at")],
                "decline_reason": one.decline_reason,
                "values": one.values,
                "number": one.extra["number"],
            }
            for one in contract.signers
        ],
    }


class Ears(Receiver):
    """Hears the webhooks; `answers` are the next status codes, 204 after that."""

    async def take(self, request: Request) -> Response:
        raw = await request.body()
        assert request.headers["X-Example"] == hmac.new(TOKEN.encode(), raw, hashlib.sha256).hexdigest()
        assert request.headers["Content-Type"] == "text/x-example"
        status = self.answers.pop(0) if self.answers else 204
        (self.calls if status == 204 else self.refused).append(json.loads(raw))
        return Response(status_code=status)

    def events(self, contract_id: str | None = None) -> list[str]:
        return [one["event"] for one in self.calls if contract_id in (None, one["id"])]


@dataclass
class Client:
    """Somebody who calls it."""

    customer: Customer

    @property
    def url(self) -> str:
        return self.customer.url

    async def ask(self, *emails: str, file: bytes | None = None, **more: Any) -> dict[str, Any]:
        answer = await self.try_to_ask(*emails, file=file, **more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def try_to_ask(self, *emails: str, file: bytes | None = None, **more: Any) -> Any:
        names = ("Signer One", "Signer Two", "Signer Three")
        people = [{"name": name, "email": email} for name, email in zip(names, emails, strict=False)]
        parts = {"file": ("rules", file)} if file is not None else {"nothing": ("", b"")}
        data = {"json": json.dumps({"signers": people} | more)}
        return await self.customer.client.post(f"{self.url}{BASE}", data=data, files=parts)

    async def act(self, request_id: str, verb: str, **given: Any) -> Any:
        return await self.customer.client.post(f"{self.url}{BASE}/{request_id}/{verb}", json=given)

    async def show(self, request_id: str) -> dict[str, Any]:
        answer = await self.customer.client.get(f"{self.url}{BASE}/{request_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def get(self, path: str) -> Any:
        return await self.customer.client.get(f"{self.url}{BASE}{path}")


def client_of(home: Path, **options: Any) -> Any:
    """A sandbox that plays this provider beside the others."""
    return running(home, dialects=(*DIALECTS, Example), **options)
