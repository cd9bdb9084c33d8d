"""Brings sheets up to date with the ledger: one writer a sheet, many changes in one go."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, MutableMapping, Sequence
from datetime import datetime
from functools import lru_cache

from connectors import sheets
from connectors.sheets import RowResult, SheetError
from flows.effects import put_off_all
from flows.kinds import kinds
from flows.lease import while_leased
from flows.unlocking import unlock
from ledger import batches, outbox, reading
from ledger.outbox import Effect
from ledger.standing import Standing
from ledger.store import Ledger
from recipes import loading
from recipes.errors import RecipeError, RowProblem
from recipes.rendering import row_key

AT_ONCE = 20_000
"""Rows in one go: the sheet is read and written whole, however few they are, and what is shown in them takes memory."""
NEWEST = 1000
LEASE_SECONDS = 20.0
WAITS, LOOK = 60, 0.5

KeyOf = Callable[[dict[str, str]], str | None]
Left = MutableMapping[str, tuple[int, ...]]
"""How each sheet was left once all its rows had been written: as long as nobody else has touched it, only what has
changed since needs to be."""


async def write_due(ledger: Ledger, left: Left | None = None) -> int:
    """Write the rows that have changed to their sheets; how many. Another writer's sheet is left to it.

    A sheet that cannot be written (open elsewhere, moved away) is tried again later, and keeps no other waiting.
    With `left`, a sheet that is not as it was left is written with all its rows.
    """
    effects = await outbox.due(ledger, "sheet", AT_ONCE)
    if not effects:
        return 0
    wanted: dict[str, set[str]] = defaultdict(set)
    for effect in effects:
        for sheet in effect.payload["sheets"]:
            wanted[sheet].add(effect.request_id)
    recipes = await _recipes(ledger)
    written = {sheet: await _try(ledger, sheet, recipes.get(sheet, ""), ids, left) for sheet, ids in wanted.items()}
    return await _settle_effects(ledger, effects, written)


async def _try(ledger: Ledger, sheet: str, recipe: str, ids: set[str], left: Left | None) -> bool | str:
    """Whether it was written, or the problem."""
    try:
        return await _write_with(left, ledger, sheet, recipe, ids)
    except SheetError as error:
        return str(error)
    except Exception as error:
        return ", ".join(kinds(error))


async def _settle_effects(ledger: Ledger, effects: list[Effect], written: Mapping[str, bool | str]) -> int:
    """An effect is done once every sheet that shows its row has been written."""
    done: list[tuple[int, int]] = []
    failed: dict[str, list[Effect]] = defaultdict(list)
    for effect in effects:
        answers = [written.get(sheet, False) for sheet in effect.payload["sheets"]]
        problem = next((answer for answer in answers if isinstance(answer, str)), None)
        if problem is not None:
            failed[problem].append(effect)
        elif all(answers):
            done.append((effect.id, effect.version))
    for problem, those in failed.items():
        await put_off_all(ledger, those, problem)
    await outbox.done(ledger, done)
    return len(done)


async def _recipes(ledger: Ledger) -> dict[str, str]:
    """The recipe each sheet was last sent with: it says which columns make a row's key."""
    known = await batches.batches(ledger, NEWEST)
    return {batch.sheet: batch.recipe for batch in reversed(known)}


async def write_batch(ledger: Ledger, batch_id: str, left: Left | None = None) -> None:
    """Write every row of a batch to its sheet, refused ones included, after any other writer has finished.

    With `left`, a sheet that is as it was left gets the changed rows only. Raises `SheetError` with a sentence; the
    changes stay due then.
    """
    batch = await batches.batch(ledger, batch_id)
    if batch is None:
        return
    left = {} if left is None else left
    waited = 0
    while waited < WAITS:
        due = await outbox.due(ledger, "sheet", AT_ONCE)  # before the statuses, so that none newer is missed
        effects = [effect for effect in due if batch.sheet in effect.payload["sheets"]]
        ids = {effect.request_id for effect in effects}
        if not await _write_with(left, ledger, batch.sheet, batch.recipe, ids):
            waited += 1
            await asyncio.sleep(LOOK)
            continue
        settled = await _settle_effects(ledger, effects, {batch.sheet: True})
        if len(due) < AT_ONCE or not settled:
            return


async def _write_with(left: Left | None, ledger: Ledger, sheet: str, recipe: str, ids: set[str]) -> bool:
    """Write these rows, or all of them if the sheet is not as it was left; False if another writer is at it."""
    if left is None:
        return await write_sheet(ledger, sheet, recipe, only=ids)
    known = left.pop(sheet, None)
    only = ids if known is not None and known == sheets.signature(sheet) else None
    if only is not None and not only:
        written = True
    else:
        written = await write_sheet(ledger, sheet, recipe, only)
    if written:
        left[sheet] = sheets.signature(sheet)
    elif known is not None:
        left[sheet] = known
    return written


async def write_sheet(
    ledger: Ledger,
    sheet: str,
    recipe: str,
    only: Collection[str] | None = None,
    missing: list[RowResult] | None = None,
) -> bool:
    """Write what the ledger knows into the sheet, of all its rows or of `only` these requests.

    The statuses are read while the sheet's lease is held, so that an older picture never overwrites a newer one.
    False at once if another writer is at it. `missing` takes up the results whose row is no longer there.
    """

    async def results() -> AsyncIterator[list[RowResult]]:
        some: list[RowResult] = []
        async for portion in reading.sheet_portions(ledger, sheet, only):
            some += map(shown, portion)
            if len(some) >= AT_ONCE:
                yield some
                some = []
        yield some

    return await write_results(ledger, sheet, recipe, results, missing)


async def write_results(
    ledger: Ledger,
    sheet: str,
    recipe: str,
    results: Callable[[], AsyncIterator[Sequence[RowResult]]],
    missing: list[RowResult] | None = None,
) -> bool:
    """Write these results, gathered under the sheet's lease; False at once if another writer is at it."""
    await unlock(sheet)
    key_of = await asyncio.to_thread(keys_by, recipe)

    async def work() -> bool:
        async for some in results():
            gone = await asyncio.to_thread(sheets.write_back, sheet, some, key_of)
            if missing is not None:
                missing.extend(gone)
        return True

    return bool(await while_leased(ledger, lease_name(sheet), work, seconds=LEASE_SECONDS))


def shown(row: Standing) -> RowResult:
    """One row as its owner sees it; times are those of this machine."""
    return RowResult(
        row=row.row,
        key=row.key or "",
        values={
            "esign status": row.state.replace("_", " "),
            "esign waiting for": row.waiting_for,
            "esign sent": _time(row.sent_at),
            "esign last event": f"{row.last_event} {_time(row.last_event_at)}".strip() if row.last_event else "",
            "esign next reminder": _time(row.next_reminder_at),
            "esign problem": row.problem or "",
            "esign document": row.document or "",
            "esign id": row.esign_id or "",
        },
    )


def keys_by(recipe: str) -> KeyOf:
    """How rows of this recipe are told apart; by `esign id` alone if the recipe is no longer there."""
    try:
        loaded = loading.load(recipe)
    except RecipeError:
        return lambda _: None

    def key_of(cells: dict[str, str]) -> str | None:
        try:
            return row_key(loaded, cells)
        except RowProblem:
            return ""  # rows without a key are equally good; the number then says which is meant

    return key_of


def lease_name(sheet: str) -> str:
    """The lease of whoever writes this sheet; a path may say something about people, its hash does not."""
    return f"sheet:{hashlib.sha256(sheet.encode()).hexdigest()[:32]}"


def _time(milliseconds: int | None) -> str:
    return "" if milliseconds is None else _minute(milliseconds // 60_000)


@lru_cache(maxsize=1000)
def _minute(number: int) -> str:
    """A minute as this machine's clock showed it; thousands of rows are sent in one."""
    return datetime.fromtimestamp(60 * number).strftime("%Y-%m-%d %H:%M")  # noqa: DTZ006 - its owner's time is meant
