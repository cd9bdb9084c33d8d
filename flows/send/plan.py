"""Works out what a sheet would have sent; pure, so that looking changes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from connectors.sheets import Sheet
from connectors.signing.provider import Capability
from flows.send.instead import Needs, instead
from flows.send.judging import (
    ALREADY,
    BAD,
    Memory,
    PlanRow,
    PlanVerdict,
    Sending,
    judge,
    keys,
    marks,
    refused_before,
)
from ledger.drafts import BatchDraft, Drafts, RefusedRow, Reminders, RowDraft
from recipes.errors import RowProblem
from recipes.model import Recipe
from recipes.rendering import Rendered, render_row

__all__ = ["Memory", "Plan", "PlanRow", "PlanVerdict", "Sending", "keys", "make_plan", "marks", "refused_before"]


@dataclass(frozen=True)
class Plan:
    """A sheet as it would be sent. Its hash covers every good row, sent before or not: a second look is the same."""

    recipe: Recipe
    content: Sheet
    sending: Sending
    reminders: Reminders | None
    rows: tuple[PlanRow, ...]
    notes: tuple[str, ...] = ()
    """What the provider cannot do and what happens instead, one sentence each."""

    @property
    def sheet(self) -> str:
        """Where the sheet is; see `Place`."""
        return self.content.place

    @cached_property
    def send(self) -> list[PlanRow]:
        """The rows that would be sent, in the sheet's order."""
        return [row for row in self.rows if row.verdict is PlanVerdict.SEND]

    @cached_property
    def already(self) -> list[PlanRow]:
        """The rows the ledger has sent, or is about to, under the same key."""
        return [row for row in self.rows if row.verdict in ALREADY]

    @cached_property
    def refused(self) -> list[PlanRow]:
        """The rows that cannot be sent as they stand."""
        return [row for row in self.rows if row.verdict in BAD]

    @cached_property
    def numbers(self) -> Counter[PlanVerdict]:
        """How many rows have which verdict."""
        return Counter(row.verdict for row in self.rows)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over everything that would reach a signer, what an approval is bound to."""
        told = hashlib.sha256()
        sending = self.sending
        for text in (
            self.recipe.id,
            sending.campaign,
            sending.provider.name,
            sending.account,
            sending.mode,
            sending.base_url,
            sending.fingerprint,
        ):
            _feed(told, text.encode())
        _feed(told, self.reminders.model_dump_json().encode() if self.reminders else b"")
        for row in self._good:
            _feed(told, row.row.to_bytes(8) + row.digest)
        return told.hexdigest()

    def rendered(self, row: PlanRow) -> Rendered:
        """What this row sends. Raises `RowProblem` for one that cannot be rendered."""
        cells = self.content.rows[row.at].cells
        sending = self.sending
        return render_row(self.recipe, cells, key=row.key, provider=sending.provider.name, test=sending.mode == "test")

    def draft(self) -> BatchDraft:
        """The same for the ledger, which decides at the moment of freezing what is new."""
        good = self._good
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
            rows=Drafts([(row.row, row.key or "") for row in good], lambda at: self._drafted(good[at])),
            refused=tuple(RefusedRow(row=row.row, key=row.key, problem=row.problem or "") for row in self.refused),
        )

    @cached_property
    def _good(self) -> list[PlanRow]:
        return [row for row in self.rows if row.verdict not in BAD]

    def _drafted(self, row: PlanRow) -> RowDraft:
        rendered = self.rendered(row)
        return RowDraft(
            row=row.row,
            key=rendered.key,
            request=rendered.request,
            archive_name=rendered.archive_name,
            reminders=self.reminders,
        )


def make_plan(
    recipe: Recipe,
    sheet: Sheet,
    sending: Sending,
    memory: Memory,
    keyed: Sequence[str | RowProblem] | None = None,
    *,
    again: bool = False,
    asked: Collection[int] = (),
    mail: str | None = None,
) -> Plan:
    """The plan for this sheet. A bad row is a verdict, never an error. `mail` names the block for our own messages,
    `keyed` are the sheet's `keys` if they are known already; for `again` and `asked` see `judge`.

    Raises `Unsupported` when the provider cannot do what the recipe asks at all.
    """
    needs = Needs(sending.provider)
    keyed = keyed if keyed is not None else keys(recipe, sheet)
    judged = judge(recipe, sheet, keyed, sending, memory, again=again, asked=asked, look=needs.look)
    needs.require()
    notes = instead(sending.provider, needs.first, reminders=recipe.reminders is not None, mail=mail)
    return Plan(
        notes=tuple(notes),
        recipe=recipe,
        content=sheet,
        sending=sending,
        reminders=_reminders(recipe) if mail or Capability.REMIND in sending.provider.capabilities else None,
        rows=tuple(judged),
    )


def _reminders(recipe: Recipe) -> Reminders | None:
    if recipe.reminders is None:
        return None
    return Reminders(first=recipe.reminders.first, every=recipe.reminders.every, most=recipe.reminders.most)


def _feed(told: hashlib._Hash, raw: bytes) -> None:
    """Each with its length before it, so that no two lists look alike."""
    told.update(len(raw).to_bytes(8) + raw)
