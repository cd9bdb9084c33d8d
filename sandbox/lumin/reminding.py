"""Send Reminder Emails."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from sandbox.contract import Contract, Signer
from sandbox.engine import Engine
from sandbox.lumin import answers
from sandbox.lumin.calls import ActionTable, Call, answer
from sandbox.lumin.requests import Reminder
from sandbox.lumin.requests_made import signer_with, wrong_status

MOST_A_DAY = 10
"""Mails to one signer in 24 hours; that the day is not the calendar's is not documented."""


class Reminding:
    """Calls are worked off one after the other, as they are counted."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    def actions(self) -> ActionTable:
        """The one call."""
        return [("POST", "/signature_request/remind/{id}", self.remind)]

    async def remind(self, call: Call) -> Response:
        """Who has signed or is not in turn gets no mail, and nobody more than ten a day. An address that is not a
        signer's refuses the call (not documented)."""
        call.query()
        wanted = await call.json(Reminder)
        contract = await call.engine.contract(call.part("id"))
        if contract.state in ("draft", "failed", "withdrawn"):
            raise wrong_status(contract, "Nobody can be reminded")
        signers = [signer_with(contract, email) for email in wanted.emails]
        results = []
        async with self._one_at_a_time:
            for email, signer in zip(wanted.emails, signers, strict=True):
                shown = {"email": email, "signer_status": answers.signer_status(contract, signer)}
                results.append(shown | {"email_status": await _reminded(call.engine, contract, signer)})
        contract = await call.engine.contract(contract.id)
        return answer({"signature_request": answers.shown(contract, call.engine.links), "reminders": results})


async def _reminded(engine: Engine, contract: Contract, signer: Signer) -> str:
    if answers.signer_status(contract, signer) != "NEED_TO_SIGN":
        return "BOUNCE"
    now, name = engine.clock.now(), f"{contract.id}-{signer.id}"
    since = (now - engine.clock.hours(24)).timestamp()
    sent = [at for at in await engine.noted("reminders", name) or [] if at > since]
    if len(sent) >= MOST_A_DAY:
        return "EXCEED_DAILY_LIMIT"
    await engine.remind(contract.id, signer.id)
    await engine.note("reminders", name, [*sent, now.timestamp()])
    return "SENT"
