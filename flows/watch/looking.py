"""Looks at a sheet: which rows say that they may go out, and were like that at the last look; sends nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from connectors.sheets import OUR_COLUMNS, Sheet
from flows.send.judging import BAD, PlanRow, PlanVerdict
from flows.send.plan import Plan
from recipes.headers import bare
from recipes.values import says_yes


class CannotWatch(Exception):
    """The sheet cannot be watched as it stands; the sentence says what to do."""

    public = True


@dataclass(frozen=True)
class Looked:
    """What one look at a sheet found."""

    plan: Plan
    wanted: tuple[PlanRow, ...]
    """The rows that could go out and say yes, in the sheet's order."""
    bad: tuple[PlanRow, ...]
    """The rows that say yes and cannot go out as they stand."""
    edited: tuple[PlanRow, ...]
    """The rows that were sent and would be sent otherwise now."""
    seen: Mapping[str, str] = field(repr=False)
    """What the next look is compared with: hashes of keys, and of what was seen there."""
    marks: Mapping[int, str] = field(repr=False)
    """Under which key's hash a row of `wanted` or `edited` stands in `seen`."""

    def as_before(self, before: Mapping[str, str], rows: Collection[PlanRow]) -> list[PlanRow]:
        """Those of these rows that the look before has seen just like this."""
        return [row for row in rows if before.get(self.marks[row.row]) == self.seen[self.marks[row.row]]]


def look_at(plan: Plan, column: str, pepper: str) -> Looked:
    """What this sheet shows; `column` is the one that says yes, `pepper` what makes its hashes tell nobody anything.

    Raises `CannotWatch` if there is no such column.
    """
    column = _column(plan.content, column)
    seen: dict[str, str] = {}
    marks: dict[int, str] = {}
    found: dict[PlanVerdict, list[PlanRow]] = {verdict: [] for verdict in PlanVerdict}
    for row in plan.rows:
        cells = plan.content.rows[row.at].cells
        edited = row.verdict is PlanVerdict.EDITED
        if not edited and not says_yes(cells.get(column, "")):
            continue
        found[row.verdict].append(row)
        if row.key is not None and (edited or row.verdict is PlanVerdict.SEND):
            mark = marks[row.row] = hashed(pepper, row.key)
            seen[mark] = hashed(pepper, "edited", row.digest.hex()) if edited else hashed(pepper, *_own(cells))
    return Looked(
        plan=plan,
        wanted=tuple(found[PlanVerdict.SEND]),
        bad=tuple(sorted((row for verdict in BAD for row in found[verdict]), key=lambda row: row.row)),
        edited=tuple(found[PlanVerdict.EDITED]),
        seen=seen,
        marks=marks,
    )


def only(plan: Plan, rows: Collection[PlanRow]) -> Plan:
    """The plan of these rows alone; its hash is theirs, and so is the batch that is made of it."""
    return replace(plan, rows=tuple(rows))


def watch_id(plan: Plan, pepper: str) -> str:
    """One sheet watched with one recipe, under one campaign's name, in one mode."""
    return hashed(pepper, plan.sheet, plan.recipe.id, plan.sending.campaign, plan.sending.mode)


def hashed(pepper: str, *texts: str) -> str:
    """SHA-256 over texts, each with its length before it, so that no two lists look alike."""
    told = hashlib.sha256(pepper.encode())
    for text in texts:
        raw = text.encode(errors="surrogatepass")
        told.update(len(raw).to_bytes(8) + raw)
    return told.hexdigest()


def _own(cells: Mapping[str, str]) -> list[str]:
    """What the sheet's owner wrote: the filled cells with their columns' names, wherever these stand."""
    return [text for name in sorted(cells) if cells[name] and name not in OUR_COLUMNS for text in (name, cells[name])]


def _column(sheet: Sheet, wanted: str) -> str:
    for name in sheet.columns:
        if bare(name) == bare(wanted):
            return name
    raise CannotWatch(
        f"The sheet has no column '{wanted}'. Add it; a row that says yes there, and is left alone since, is sent."
    )
