"""A provider on the loopback that speaks as much of eSignatures as a sender needs, and fails on command."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

from connectors.signing.esignatures import ESignatures, ESignaturesSettings
from connectors.signing.provider import Provider

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
PDF = b"%PDF-1.7\nsigned\n%%EOF\n"


class FakeProvider:
    """`faults` are taken one by one by `POST /contracts`; when they are used up, it accepts everything."""

    def __init__(self) -> None:
        self.contracts: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.withdrawal_faults: list[Fault] = []
        self.get_faults: list[Fault] = []
        self.correction_faults: list[Fault] = []
        self.hides = False
        """Whether the list shows nothing, as one that lags behind."""
        self.signs_when_asked = True
        """Whether a contract that is asked about turns out to be signed, unless it was withdrawn."""
        self.calls: Counter[str] = Counter()
        self.reminded: list[tuple[str, str]] = []
        self.under_way = self.most_under_way = 0
        self.delay = 0.0
        self.dead_links = False
        self.held_back: dict[str, asyncio.Event] = {}
        """Documents, by contract, that are not handed out before their event."""
        self.settings_given: dict[str, Any] = {}
        self._ids = itertools.count(1)

    @property
    def refs(self) -> list[str]:
        return [contract["metadata"] for contract in self.contracts]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/esignatures/api/contracts", self._create)
        app.router.add_get("/esignatures/api/contracts/recent", self._recent)
        app.router.add_get("/esignatures/api/contracts/{id}", self._get)
        app.router.add_post("/esignatures/api/contracts/{id}/signers/{signer}/send_contract", self._remind)
        app.router.add_post("/esignatures/api/contracts/{id}/signers/{signer}", self._correct)
        app.router.add_post("/esignatures/api/contracts/{id}/withdraw", self._withdraw)
        app.router.add_get("/files/{id}", self._file)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._runner.cleanup()

    def settings(self, **changes: Any) -> ESignaturesSettings:
        values: dict[str, Any] = {
            "base_url": f"{self.url}/esignatures/api",
            "api_token": "made-up-token",
            "rate": 2000.0,
            "settle_seconds": 0.0,
            "timeout_seconds": 3.0,
            "allow_private_downloads": True,
        }
        return ESignaturesSettings(**{**values, **self.settings_given, **changes})

    async def open_account(self, provider: str, account: str) -> Provider:
        assert provider == "esignatures"
        return ESignatures(self.settings())

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.calls["create"] += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            body = await request.json()
            await asyncio.sleep(self.delay)
            if self.faults and (answer := await self.faults.pop(0)(request)) is not None:
                return answer
            return self._answer(self.accept(body))
        finally:
            self.under_way -= 1

    def accept(self, body: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        signers = [
            {"id": f"sig-{number}-{at}", **signer, "sign_page_url": f"{self.url}/sign/{number}-{at}"}
            for at, signer in enumerate(body["signers"], start=1)
        ]
        contract = {**body, "id": f"con-{number}", "status": "sent", "signers": signers}
        self.contracts.append(contract)
        return contract

    async def _recent(self, request: web.Request) -> web.Response:
        self.calls["recent"] += 1
        shown = [] if self.hides else self.contracts[::-1][:100]
        return web.json_response({"data": [{"contract": contract} for contract in shown]})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self.calls["get"] += 1
        if self.get_faults and (answer := await self.get_faults.pop(0)(request)) is not None:
            return answer
        for contract in self.contracts:
            if contract["id"] == request.match_info["id"]:
                if contract["status"] == "withdrawn" or not self.signs_when_asked:
                    return self._answer(contract)
                link = f"{self.url}/files/{contract['id']}"
                return self._answer({**contract, "status": "signed", "contract_pdf_url": link})
        return web.json_response({"error": "no such contract"}, status=404)

    async def _remind(self, request: web.Request) -> web.Response:
        self.calls["remind"] += 1
        if self.faults and (answer := await self.faults.pop(0)(request)) is not None:
            assert isinstance(answer, web.Response)
            return answer
        self.reminded.append((request.match_info["id"], request.match_info["signer"]))
        return web.json_response({"status": "queued"})

    async def _correct(self, request: web.Request) -> web.StreamResponse:
        self.calls["correct"] += 1
        if self.correction_faults and (answer := await self.correction_faults.pop(0)(request)) is not None:
            return answer
        self.correct(request.match_info["signer"], await request.json())
        return web.json_response({"status": "queued"})

    def correct(self, signer_id: str, change: dict[str, Any]) -> None:
        for contract in self.contracts:
            for signer in contract["signers"]:
                if signer["id"] == signer_id:
                    signer.update(change)

    async def _withdraw(self, request: web.Request) -> web.StreamResponse:
        self.calls["withdraw"] += 1
        if self.withdrawal_faults and (answer := await self.withdrawal_faults.pop(0)(request)) is not None:
            return answer
        self.withdraw(request.match_info["id"])
        return web.json_response({"status": "queued"})

    def withdraw(self, contract_id: str) -> None:
        for contract in self.contracts:
            if contract["id"] == contract_id:
                contract["status"] = "withdrawn"

    async def _file(self, request: web.Request) -> web.Response:
        self.calls["file"] += 1
        if (held := self.held_back.get(request.match_info["id"])) is not None:
            await held.wait()
        if self.dead_links and "old" in request.query:
            return web.Response(status=403)
        return web.Response(body=PDF, content_type="application/pdf")

    @staticmethod
    def _answer(contract: dict[str, Any]) -> web.Response:
        return web.json_response({"status": "queued", "data": {"contract": contract}})


def says(status: int, headers: dict[str, str] | None = None, text: str = "no") -> Fault:
    """Answers with this status and does nothing."""

    async def fault(request: web.Request) -> web.Response:
        return web.json_response({"error": text}, status=status, headers=headers)

    return fault


def cuts(fake: FakeProvider, *, after_accepting: bool) -> Fault:
    """Closes the connection instead of answering."""

    async def fault(request: web.Request) -> web.StreamResponse:
        if after_accepting:
            fake.accept(await request.json())
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return fault
