"""What the signers do, as the pages let them: open a link, sign, decline, read the mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sandbox import fields, machine, uploads
from sandbox.changing import Changing
from sandbox.files import Files
from sandbox.machine import Change
from sandbox.paper import PDF, Field, Mail, Paper, Party, Signature
from sandbox.store import StoredMail

MOST_TEXTS = 64
MOST_PAGES = 40
"""Longer documents are read in a viewer; their text would only hide the form."""


class People:
    """Signers are known by their ids alone, whichever dialect their contract belongs to."""

    def __init__(self, changing: Changing, files: Files) -> None:
        self._changing = changing
        self._files = files
        self._texts: dict[str, tuple[str, ...]] = {}

    async def paper_for_signer(self, signer_id: str) -> tuple[Paper, Party] | None:
        """The paper behind a signing link, or None where there is none (unknown, draft, removed)."""
        contract = await self._changing.store.run(lambda tables: tables.contract_of(signer_id))
        if contract is None or contract.state == "draft":
            return None
        signer = contract.signer(signer_id)
        return contract.paper(self._changing.clock.now(), signer.redirect_url), signer.party()

    async def upload(self, paper: Paper) -> bytes:
        """The uploaded file of a paper that has one."""
        return await asyncio.to_thread(self._files.read, paper.upload) or b""

    async def texts(self, paper: Paper) -> tuple[str, ...]:
        """The text of each page of an uploaded PDF, empty after the first MOST_PAGES; read once, as the same file
        often goes to many."""
        if paper.media_type != PDF:
            return ()
        if paper.upload not in self._texts:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            texts = await asyncio.to_thread(uploads.texts_of, await self.upload(paper), MOST_PAGES)
            self._texts[paper.upload] = tuple(texts)
        return self._texts[paper.upload]

    def fields_for(self, paper: Paper, party: Party) -> list[Field]:
        """The fields this party fills in, in the paper's order; id is the signer field's id, `field-<n>` or, on an
        uploaded document, `placed-<n>`."""
        return fields.fields_for(paper, party)

    async def viewed(self, signer_id: str, ip: str, agent: str) -> None:
        """Remembers that the signer opened the page; does nothing when repeated, too early, or too late."""
        await self._changing.by_signer(signer_id, lambda change: machine.view(change, signer_id, ip, agent))

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

        await self._changing.by_signer(signer_id, step)

    async def decline(self, signer_id: str, reason: str, *, ip: str, agent: str) -> None:
        """Declines, which ends the contract; raises Refused with a sentence for the page."""
        await self._changing.by_signer(
            signer_id, lambda change: machine.decline(change, signer_id, reason, ip=ip, agent=agent)
        )

    async def mails(self, most: int = 200, before: int | None = None) -> list[Mail]:
        """Newest first; `before` is a mail id, for the next older page.

        Robots read the mailbox as people do. So that they can, each page of /mailbox links every message as
        `<a href="/mailbox/{id}">`, newest first, and ends with `<a rel="next" href="/mailbox?before={oldest id}">`
        while there are older ones; a message's page shows the address it went to in an element with class `to` and
        links the signing page with its full address (`…/sign/…`).
        """
        stored = await self._changing.store.run(lambda tables: tables.mails(most, before))
        return [self._mail(one) for one in stored]

    async def mail(self, mail_id: int) -> Mail | None:
        """One message of the mailbox."""
        stored = await self._changing.store.run(lambda tables: tables.mail(mail_id))
        return None if stored is None else self._mail(stored)

    def _mail(self, stored: StoredMail) -> Mail:
        letter = stored.letter
        link = None if letter.link is None else self._changing.links.absolute(letter.link)
        return Mail(stored.id, stored.at, letter.to, letter.subject, letter.text, link, letter.kind)
