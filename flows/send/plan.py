"""Works out what a sheet would have sent; pure, so that looking changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from connectors.sheets import Sheet
from connectors.signing.provider import Capability
from flows.send.instead import instead, refuse_what_cannot_be
from flows.send.judging import Memory, PlanRow, PlanVerdict, Sending, judge, keys, marks, refused_before
from ledger.drafts import BatchDraft, RefusedRow, Reminders, RowDraft
from recipes.model import Recipe

__all__ = ["Memory", "Plan", "PlanRow", "PlanVerdict", "Sending", "keys", "make_plan", "marks", "refused_before"]


@dataclass(frozen=True)
class Plan:
    """A sheet as it would be sent. Its hash covers every good row, sent before or not: a second look is the same."""

    recipe_id: str
    sheet: str
    sending: Sending
    reminders: Reminders | None
    rows: tuple[PlanRow, ...]
    notes: tuple[str, ...] = ()
    """What the provider cannot do and what happens instead, one sentence each."""

    @cached_property
    def send(self) -> list[PlanRow]:
        """The rows that would be sent, in the sheet's order."""
        return [row for row in self.rows if row.verdict is PlanVerdict.SEND]

    @cached_property
    def already(self) -> list[PlanRow]:
        """The rows the ledger has sent, or is about to, under the same key."""
        return [row for row in self.rows if row.verdict is PlanVerdict.ALREADY]

    @cached_property
    def refused(self) -> list[PlanRow]:
        """The rows that cannot be sent as they stand."""
        return [row for row in self.rows if row.verdict is PlanVerdict.REFUSED]

    @cached_property
    def hash(self) -> str:
        """SHA-256 over everything that would reach a signer, what an approval is bound to."""
        digest = hashlib.sha256()
        sending = self.sending
        for text in (
            self.recipe_id,
            sending.campaign,
            sending.provider.name,
            sending.account,
            sending.mode,
            sending.base_url,
            sending.fingerprint,
        ):
            _feed(digest, text)
        _feed(digest, self.reminders.model_dump_json() if self.reminders else "")
        for row in self._good():
            _feed(digest, row.model_dump_json())
        return digest.hexdigest()

    def draft(self) -> BatchDraft:
        """The same for the ledger, which decides at the moment of freezing what is new."""
        return BatchDraft(
            recipe=self.sending.recipe,
            campaign=self.sending.campaign,
            provider=self.sending.provider.name,
            account=self.sending.account,
            mode=self.sending.mode,
            base_url=self.sending.base_url,
            fingerprint=self.sending.fingerprint,
            sheet=self.sheet,
            hash=self.hash,
            rows=tuple(self._good()),
            refused=tuple(RefusedRow(row=row.row, key=row.key, problem=row.problem or "") for row in self.refused),
        )

    def _good(self) -> Iterable[RowDraft]:
        for row in self.rows:
            if row.rendered is not None and row.key is not None and row.verdict is not PlanVerdict.REFUSED:
                yield RowDraft(
                    row=row.row,
                    key=row.key,
                    request=row.rendered.request,
                    archive_name=row.rendered.archive_name,
                    reminders=self.reminders,
                )


def make_plan(
    recipe: Recipe,
    sheet: Sheet,
    sending: Sending,
    memory: Memory,
    *,
    again: bool = False,
    mail: str | None = None,
) -> Plan:
    """The plan for this sheet. A bad row is a verdict, never an error. `mail` names the block for our own messages.

    Raises `Unsupported` when the provider cannot do what the recipe asks at all.
    """
    judged = judge(recipe, sheet, sending, memory, again=again)
    requests = [row.rendered.request for row in judged if row.rendered]
    refuse_what_cannot_be(sending.provider, requests)
    notes = instead(sending.provider, next(iter(requests), None), reminders=recipe.reminders is not None, mail=mail)
    return Plan(
        notes=tuple(notes),
        recipe_id=recipe.id,
        sheet=sheet.place,
        sending=sending,
        reminders=_reminders(recipe) if mail or Capability.REMIND in sending.provider.capabilities else None,
        rows=tuple(judged),
    )


def _reminders(recipe: Recipe) -> Reminders | None:
    if recipe.reminders is None:
        return None
    return Reminders(first=recipe.reminders.first, every=recipe.reminders.every, most=recipe.reminders.most)


def _feed(digest: hashlib._Hash, text: str) -> None:
    """Each text with its length before it, so that no two lists of texts look alike."""
    raw = text.encode()
    digest.update(len(raw).to_bytes(8) + raw)
