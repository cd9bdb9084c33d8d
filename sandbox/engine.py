"""What a provider's customer can have done, whatever the provider calls it: the verbs that dialects use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox import ids, machine, uploads
from sandbox.changing import Changing, found
from sandbox.contract import Contract, ContractState, Signer
from sandbox.files import Files
from sandbox.machine import Change
from sandbox.paper import NotFound, Refused
from sandbox.placeholders import Edit, Placeholder, edit, merge
from sandbox.store import Tables
from sandbox.templates import Templates, resolved

__all__ = ["Engine", "NotFound", "Refused"]


class Engine:
    """The contracts of one dialect, or of all where `dialect` is None. Verbs that name a contract or a signer raise
    NotFound where there is none, also for another dialect's, and Refused with a sentence where it cannot be done."""

    def __init__(self, changing: Changing, files: Files, templates: Templates, dialect: str | None) -> None:
        self.clock = changing.clock
        self.links = changing.links
        self.templates = templates
        self._changing = changing
        self._files = files
        self._dialect = dialect

    async def create(self, contract: Contract, *, sent: bool) -> Contract:
        """A new contract, as a draft or sent at once. A named upload has to be there."""
        found(contract, self._dialect)
        _check_ids(contract)
        if contract.upload:
            contract = await asyncio.to_thread(self._with_upload, contract)

        def new(tables: Tables) -> Contract:
            if tables.contract(contract.id) is not None:
                raise ValueError("There is a contract with this id already.")
            return replace(contract, placeholders=resolved(tables, contract.placeholders))

        def step(change: Change, _: Tables) -> None:
            machine.create(change)
            if sent:
                machine.send(change, self.clock)

        return await self._changing.apply(new, step)

    async def contract(self, contract_id: str) -> Contract:
        """One contract."""
        return await self._changing.store.run(lambda tables: found(tables.contract(contract_id), self._dialect))

    async def newest(
        self, limit: int | None = None, offset: int = 0, *, states: Collection[ContractState] = ()
    ) -> list[Contract]:
        """Contracts, newest first; without `states` in whatever state."""
        return await self._changing.store.run(lambda tables: tables.newest(self._dialect, states, limit, offset))

    async def count(self, *, states: Collection[ContractState] = ()) -> int:
        """How many `newest` could give."""
        return await self._changing.store.run(lambda tables: tables.count(self._dialect, states))

    async def send_draft(self, contract_id: str, message: str = "") -> Contract:
        """Sends a draft; a message stands in the mails in place of the sandbox's words."""

        def step(change: Change) -> None:
            if message:
                wording = replace(change.contract.wording, request_text=message)
                change.contract = replace(change.contract, wording=wording)
            machine.send(change, self.clock)

        return await self._by_id(contract_id, step)

    async def withdraw(self, contract_id: str, reason: str = "") -> Contract:
        """Takes the contract back while it is sent or expired."""
        return await self._by_id(contract_id, lambda change: machine.withdraw(change, reason))

    async def delete(self, contract_id: str) -> None:
        """Forgets a contract in whatever state, with its PDFs. No event tells of it."""

        def job(tables: Tables) -> None:
            found(tables.contract(contract_id), self._dialect)
            tables.remove(contract_id)

        await self._changing.store.run(job)
        for name in (contract_id, f"{contract_id}-preview"):
            await asyncio.to_thread(self._files.remove, name)

    async def remind(self, contract_id: str, signer_id: str | None = None) -> Contract:
        """Sends the request again to a signer whose turn it is, or to all of them; Refused for any other signer."""
        return await self._by_id(contract_id, lambda change: machine.remind(change, signer_id))

    async def hear(self, contract_id: str, signer_id: str, what: str, words: str) -> Contract:
        """What a signer says by other ways than the signing page: `message` or `mobile_wanted`."""
        return await self._by_id(contract_id, lambda change: machine.hear(change, signer_id, what, words))

    async def move_expiry(self, contract_id: str, until: datetime) -> Contract:
        """The contract ends at another moment, in the provider's time; an expired one is open again."""
        return await self._by_id(contract_id, lambda change: machine.move_expiry(change, until, self.clock))

    async def fail(self, contract_id: str, reason: str) -> Contract:
        """The provider finds that it cannot go on with a contract, such as a file it cannot work with."""
        return await self._by_id(contract_id, lambda change: machine.fail(change, reason))

    async def tell(self, contract_id: str, what: str, detail: str = "") -> Contract:
        """Reports something of the dialect's own that changes nothing, such as a cancellation that failed."""
        return await self._by_id(contract_id, lambda change: change.tell(what, detail=detail))

    async def edit(self, contract_id: str, edits: Iterable[Edit], *, dry_run: bool) -> None:
        """Changes the text while nobody has signed it."""

        def step(change: Change) -> None:
            machine.must_be_unsigned(change)
            body = edit(change.contract.body, edits)
            if not dry_run:
                change.contract = replace(change.contract, body=body)
                machine.changed(change)

        await self._by_id(contract_id, step)

    async def set_placeholders(self, contract_id: str, placeholders: Iterable[Placeholder]) -> None:
        """Changes the named placeholders while nobody has signed."""

        def step(change: Change, tables: Tables) -> None:
            machine.must_be_unsigned(change)
            merged = merge(change.contract.placeholders, resolved(tables, placeholders))
            change.contract = replace(change.contract, placeholders=merged)
            machine.changed(change)

        await self._changing.apply(lambda tables: found(tables.contract(contract_id), self._dialect), step)

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

    async def want_preview(self, contract_id: str) -> None:
        """Asks for a PDF of the contract as it stands; the event `previewed` says when it is there."""

        def step(change: Change) -> None:
            change.contract = replace(change.contract, preview_wanted=True)

        await self._by_id(contract_id, step)

    async def keep_upload(self, content: bytes, media_type: str = "") -> str:
        """Keeps a file and returns the name for `Contract.upload`. Refuses what is neither a readable PDF nor a DOCX,
        and what is not of the media type, where one is given. Equal files are kept once."""
        really = await asyncio.to_thread(uploads.media_type_of, content)
        if media_type not in ("", really):
            raise Refused(f"The file is not what its type says ({media_type}).")
        name = uploads.name_for(content)
        if await asyncio.to_thread(self._files.find, name) is None:
            await asyncio.to_thread(self._files.put, name, content, really)
        return name

    async def uploaded(self, name: str) -> bytes:
        """A file as it was handed in."""
        content = await asyncio.to_thread(self._files.read, name) if name.startswith("upload-") else None
        if content is None:
            raise NotFound("There is no such file.")
        return content

    async def signed_pdf(self, contract_id: str) -> bytes | None:
        """The finished PDF, with its certificate page; None until everybody has signed and it is made."""
        contract = await self.contract(contract_id)
        return await asyncio.to_thread(self._files.read, contract_id) if contract.completed else None

    async def note(self, kind: str, name: str, value: Any) -> None:
        """Keeps a JSON value of the dialect's own, such as a job; None forgets it."""
        await self._changing.store.run(lambda tables: tables.note(self._own(), kind, name, value))

    async def noted(self, kind: str, name: str) -> Any:
        """Such a value, or None."""
        return await self._changing.store.run(lambda tables: tables.noted(self._own(), kind, name))

    async def notes(self, kind: str) -> dict[str, Any]:
        """All values of a kind by name, oldest first."""
        return await self._changing.store.run(lambda tables: tables.notes(self._own(), kind))

    async def _by_id(self, contract_id: str, step: Callable[[Change], None]) -> Contract:
        return await self._changing.apply(
            lambda tables: found(tables.contract(contract_id), self._dialect), lambda change, _: step(change)
        )

    def _with_upload(self, contract: Contract) -> Contract:
        kept = self._files.find(contract.upload)
        if kept is None:
            raise Refused("The file of this contract is missing.")
        return replace(contract, media_type=kept[1])

    def _own(self) -> str:
        if self._dialect is None:
            raise ValueError("Notes belong to a dialect.")
        return self._dialect


def _check_ids(contract: Contract) -> None:
    """A wrong id is the dialect's mistake and no customer's."""
    signers = [one.id for one in contract.signers]
    for one in (contract.id, *signers):
        if not ids.good(one):
            raise ValueError(f"{one!r} cannot be an id.")
    if len(set(signers)) < len(signers) or any(field.signer not in signers for field in contract.placed):
        raise ValueError("Each signer needs an id of their own, and each placed field one of the signers.")
