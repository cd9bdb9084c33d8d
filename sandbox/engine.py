"""The sandbox's heart: contracts, signers and mails, and what happens to them; it knows no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from sandbox import fields, machine
from sandbox.clock import Clock
from sandbox.contract import Contract, Signer
from sandbox.dialect import Dialect
from sandbox.links import Links
from sandbox.machine import Change
from sandbox.paper import Field, Happening, Mail, NotFound, Paper, Party, Refused, Signature
from sandbox.placeholders import Edit, Placeholder, edit, merge
from sandbox.store import Delivery, Store, StoredMail, Tables
from sandbox.templates import Templates, resolved

__all__ = ["Engine", "Field", "Happening", "Mail", "NotFound", "Paper", "Party", "Refused", "Signature"]


class Engine:
    """Applies the rules of `machine` to what `store` holds, one transaction a call: the new state, the letters and the
    webhook calls that follow from it are kept together or not at all. Afterwards `announce` receives the calls, and
    `unfinished` is set when a PDF has to be made."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        links: Links,
        dialects: Mapping[str, Dialect],
        announce: Callable[[list[Delivery]], None],
    ) -> None:
        self.clock = clock
        self.links = links
        self.templates = Templates(store, clock)
        self.unfinished = asyncio.Event()
        self._store = store
        self._dialects = dialects
        self._announce = announce

    # What the pages ask.

    async def paper_for_signer(self, signer_id: str) -> tuple[Paper, Party] | None:
        """The paper behind a signing link, or None where there is none (unknown, draft, removed)."""
        contract = await self._store.run(lambda tables: tables.contract_of(signer_id))
        if contract is None or contract.state == "draft":
            return None
        signer = contract.signer(signer_id)
        return contract.paper(self.clock.now(), signer.redirect_url), signer.party()

    def fields_for(self, paper: Paper, party: Party) -> list[Field]:
        """The fields this party fills in, in the paper's order; id is the signer field's id or `field-<n>`."""
        return fields.fields_for(paper, party)

    async def viewed(self, signer_id: str, ip: str, agent: str) -> None:
        """Remembers that the signer opened the page; does nothing when repeated, too early, or too late."""
        await self._by_signer(signer_id, lambda change: machine.view(change, signer_id, ip, agent))

    async def sign(
        self,
        signer_id: str,
        signature: Signature,
        *,
        consent: bool,
        values: Mapping[str, str],
        ip: str,
        agent: str,
    ) -> None:
        """Signs; raises Refused with a sentence for the page (no consent, missing field, not in turn, closed, …)."""

        def step(change: Change) -> None:
            machine.sign(change, signer_id, signature, consent=consent, values=values, ip=ip, agent=agent)

        await self._by_signer(signer_id, step)

    async def decline(self, signer_id: str, reason: str, *, ip: str, agent: str) -> None:
        """Declines, which withdraws the contract; raises Refused with a sentence for the page."""
        await self._by_signer(signer_id, lambda change: machine.decline(change, signer_id, reason, ip=ip, agent=agent))

    async def mails(self, most: int = 200, before: int | None = None) -> list[Mail]:
        """Newest first; `before` is a mail id, for the next older page.

        Robots read the mailbox as people do. So that they can, each page of /mailbox links every message as
        `<a href="/mailbox/{id}">`, newest first, and ends with `<a rel="next" href="/mailbox?before={oldest id}">`
        while there are older ones; a message's page shows the address it went to in an element with class `to` and
        links the signing page with its full address (`…/sign/…`).
        """
        found = await self._store.run(lambda tables: tables.mails(most, before))
        return [self._mail(one) for one in found]

    async def mail(self, mail_id: int) -> Mail | None:
        """One message of the mailbox."""
        found = await self._store.run(lambda tables: tables.mail(mail_id))
        return None if found is None else self._mail(found)

    # What a provider's customer asks.

    async def create(self, contract: Contract, *, sent: bool) -> Contract:
        """A new contract, as a draft or sent at once."""

        def job(tables: Tables) -> tuple[Contract, list[Delivery]]:
            ready = replace(contract, placeholders=resolved(tables, contract.placeholders))
            change = Change(ready, self.clock.now())
            change.note("created")
            if sent:
                machine.send(change, self._life(ready))
            return self._keep(tables, change)

        return self._tell(*await self._store.run(job))

    async def contract(self, contract_id: str) -> Contract:
        """Raises NotFound."""
        return await self._store.run(lambda tables: _found(tables.contract(contract_id)))

    async def newest(self, most: int | None, *, drafts: bool) -> list[Contract]:
        """Contracts, newest first."""
        return await self._store.run(lambda tables: tables.newest(most, drafts=drafts))

    async def send_draft(self, contract_id: str) -> Contract:
        """What the sender does in the provider's own pages."""
        return await self._by_id(contract_id, lambda change: machine.send(change, self._life(change.contract)))

    async def withdraw(self, contract_id: str) -> Contract:
        """Takes the contract back; raises Refused once it is signed."""
        return await self._by_id(contract_id, machine.withdraw)

    async def delete(self, contract_id: str) -> None:
        """Forgets a draft or a test contract; raises Refused for others."""

        def job(tables: Tables) -> None:
            contract = _found(tables.contract(contract_id))
            if not contract.test and contract.state != "draft":
                raise Refused("Only drafts and test contracts can be deleted.")
            tables.remove(contract_id)

        await self._store.run(job)

    async def edit(self, contract_id: str, edits: Iterable[Edit], *, dry_run: bool) -> None:
        """Changes the text while nobody has signed it."""

        def step(change: Change) -> None:
            machine.must_be_unsigned(change)
            body = edit(change.contract.body, edits)
            if not dry_run:
                change.contract = replace(change.contract, body=body)
                change.note("changed")

        await self._by_id(contract_id, step)

    async def set_placeholders(self, contract_id: str, placeholders: Iterable[Placeholder]) -> None:
        """Changes the named placeholders while nobody has signed."""

        def job(tables: Tables) -> tuple[Contract, list[Delivery]]:
            change = Change(_found(tables.contract(contract_id)), self.clock.now())
            machine.must_be_unsigned(change)
            merged = merge(change.contract.placeholders, resolved(tables, placeholders))
            change.contract = replace(change.contract, placeholders=merged)
            change.note("changed")
            return self._keep(tables, change)

        self._tell(*await self._store.run(job))

    async def add_signer(self, contract_id: str, make: Callable[[Contract], Signer]) -> None:
        """One more signer; no mail goes out."""
        await self._by_id(contract_id, lambda change: machine.add_signer(change, make(change.contract)))

    async def change_signer(self, contract_id: str, signer_id: str, update: Callable[[Signer], Signer]) -> None:
        """New contact details; no mail goes out."""

        def step(change: Change) -> None:
            machine.change_signer(change, update(change.contract.signer(signer_id)))

        await self._by_id(contract_id, step)

    async def remove_signer(self, contract_id: str, signer_id: str) -> None:
        """One signer fewer."""
        await self._by_id(contract_id, lambda change: machine.remove_signer(change, signer_id))

    async def remind(self, contract_id: str, signer_id: str) -> None:
        """Sends the request to a signer (again)."""
        await self._by_id(contract_id, lambda change: machine.remind(change, signer_id))

    async def want_preview(self, contract_id: str) -> None:
        """Asks for a PDF of the contract as it stands; an event says when it is there."""

        def step(change: Change) -> None:
            change.contract = replace(change.contract, preview_wanted=True)

        await self._by_id(contract_id, step)

    # What makes the PDFs.

    async def pending(self) -> list[str]:
        """Contracts whose PDF has still to be made."""
        return await self._store.run(lambda tables: tables.pending())

    async def complete(self, contract_id: str) -> None:
        """The signed PDF is in its place."""
        await self._by_id(contract_id, machine.complete)

    async def previewed(self, contract_id: str) -> None:
        """The preview is in its place."""

        def step(change: Change) -> None:
            change.contract = replace(change.contract, preview_wanted=False)
            change.tell("previewed")

        await self._by_id(contract_id, step)

    async def _by_id(self, contract_id: str, step: Callable[[Change], None]) -> Contract:
        return await self._change(lambda tables: tables.contract(contract_id), step)

    async def _by_signer(self, signer_id: str, step: Callable[[Change], None]) -> Contract:
        return await self._change(lambda tables: tables.contract_of(signer_id), step)

    async def _change(self, find: Callable[[Tables], Contract | None], step: Callable[[Change], None]) -> Contract:
        def job(tables: Tables) -> tuple[Contract, list[Delivery]]:
            change = Change(_found(find(tables)), self.clock.now())
            step(change)
            return self._keep(tables, change)

        return self._tell(*await self._store.run(job))

    def _keep(self, tables: Tables, change: Change) -> tuple[Contract, list[Delivery]]:
        contract = change.contract
        tables.save(contract)
        tables.put_mails(change.letters, change.now)
        dialect = self._dialects[contract.dialect]
        calls = [call for event in change.events if (call := dialect.webhook(contract, event, self.links))]
        return contract, [tables.put_delivery(contract, *call, change.now) for call in calls]

    def _tell(self, contract: Contract, deliveries: list[Delivery]) -> Contract:
        self._announce(deliveries)
        if contract.pending:
            self.unfinished.set()
        return contract

    def _life(self, contract: Contract) -> timedelta | None:
        return None if contract.life_hours is None else self.clock.hours(contract.life_hours)

    def _mail(self, stored: StoredMail) -> Mail:
        letter = stored.letter
        link = None if letter.link is None else self.links.absolute(letter.link)
        return Mail(stored.id, stored.at, letter.to, letter.subject, letter.text, link, letter.kind)


def _found(contract: Contract | None) -> Contract:
    if contract is None:
        raise NotFound("There is no contract with this id.")
    return contract
