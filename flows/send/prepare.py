"""Gathers what a plan is made of: the recipe, the sheet, the account, and what the ledger knows of them."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from pydantic import SecretStr

from connectors import sheets
from connectors.sheets import Sheet
from connectors.signing.accounts import from_environment
from connectors.signing.provider import Provider, ProviderSettings
from connectors.signing.registry import PROVIDERS
from flows.send.instead import refuse_false_trial
from flows.send.plan import Memory, Plan, Sending, keys, make_plan, marks
from flows.send.strays import without_row
from flows.unlocking import unlock
from ledger import planning
from ledger.settings import Settings
from ledger.store import Ledger
from recipes import loading
from recipes.errors import RowProblem
from recipes.model import Recipe
from recipes.rendering import campaign_name, check_columns


class RowsNotThere(Exception):
    """Rows were asked for that the sheet does not have."""

    public = True


@dataclass(frozen=True)
class Prepared:
    """A plan with what it was made of. `rows` are the numbers of those that would go out now."""

    plan: Plan
    account_settings: ProviderSettings
    recipe: Recipe
    rows: tuple[int, ...]

    @property
    def again(self) -> list[str]:
        """Keys of those of `rows` whose last request has ended, to be planned anew."""
        chosen = set(self.rows)
        ended = (row for row in self.plan.send if row.row in chosen and row.known and row.known.state.terminal)
        return [row.key for row in ended if row.key]


async def prepare(
    ledger: Ledger,
    settings: Settings,
    recipe: str,
    sheet: str,
    *,
    account: str | None,
    provider: str | None = None,
    campaign: str | None,
    rows: Collection[int] | None = None,
    limit: int | None = None,
    again: bool = False,
    today: date,
) -> Prepared:
    """Plan a sheet; nothing is written. The plan is always of the whole sheet, `rows` and `limit` choose from it.

    `again` sends anew what the provider refused, and of `rows` whatever has ended without being completed. Rows that
    are out under another campaign's name are refused, unless a `campaign` is given. `provider` takes the place of the
    recipe's own.

    Raises with one sentence: `RecipeError`, `SheetError`, `AccountNotFound`, `Unsupported`, `RowsNotThere`.
    """
    loaded = await asyncio.to_thread(loading.load, recipe)
    await unlock(sheet)
    content = await asyncio.to_thread(sheets.read, sheet)
    check_columns(loaded, content.columns)
    chosen = _known_provider(provider or loaded.provider)
    found = await _account(chosen.name, account or loaded.account)
    refuse_false_trial(chosen, account or loaded.account, found.mode, found.base_url)
    sending = Sending(
        provider=chosen,
        account=account or loaded.account,
        mode=found.mode,
        campaign=campaign or campaign_name(loaded, today),
        recipe=loaded.name if loading.folders().get(loaded.name) == loaded.folder else str(loaded.folder),
        ledger=ledger.short_id,
        base_url=found.base_url,
        fingerprint=fingerprint(found),
    )
    keyed = await asyncio.to_thread(keys, loaded, content)
    memory = await _remember(ledger, content, keyed, sending, named=campaign is not None)
    plan = await asyncio.to_thread(
        make_plan, loaded, content, sending, memory, keyed, again=again, asked=rows or (), mail=settings.mail
    )
    out = await planning.out_from(ledger, content.place, sending.mode, sending.campaign)
    plan = replace(plan, notes=(*plan.notes, *without_row(plan, out)))
    return Prepared(plan, found, loaded, _chosen(plan, rows, limit))


def _known_provider(name: str) -> type[Provider]:
    if name not in PROVIDERS:
        raise ValueError(f"There is no provider '{name}'; there is: {', '.join(sorted(PROVIDERS))}.")
    return PROVIDERS[name]


async def _account(provider: str, name: str) -> ProviderSettings:
    """The account from the environment, else from Prefect, which takes a second to import and is not always needed."""
    if (found := from_environment(provider, name, os.environ)) is not None:
        return found
    from blocks.accounts import account_settings

    return await account_settings(provider, name)


def today() -> date:
    """The day by this machine's clock and zone; campaigns may be named after it."""
    return datetime.now(UTC).astimezone().date()


def fingerprint(settings: ProviderSettings) -> str:
    """Which account these settings open, in twelve characters that say nothing about its key."""
    secret = [value for value in dict(settings).values() if isinstance(value, SecretStr)]
    told = "\0".join(value.get_secret_value() for value in secret)
    return hashlib.sha256(f"prefect-esign account {told}".encode()).hexdigest()[:12]


async def _remember(
    ledger: Ledger, sheet: Sheet, keyed: Iterable[str | RowProblem], sending: Sending, *, named: bool
) -> Memory:
    keys_ = [key for key in keyed if isinstance(key, str)]
    known = await planning.known(ledger, sending.mode, sending.campaign, keys_)
    marked = await planning.marked(ledger, marks(sheet))
    elsewhere = {
        one.request_id: one.campaign
        for one in marked
        if not named and not one.state.terminal and one.mode == sending.mode and one.campaign != sending.campaign
    }
    return Memory(known=known, marked={one.request_id: one.key for one in marked}, elsewhere=elsewhere)


def _chosen(plan: Plan, rows: Collection[int] | None, limit: int | None) -> tuple[int, ...]:
    if rows is not None and (missing := sorted(set(rows) - {row.row for row in plan.rows})):
        raise RowsNotThere(
            f"The sheet has no row {missing[0]} to look at: rows are numbered as the spreadsheet shows them, and blank "
            "and hidden ones are left out."
        )
    return tuple(row.row for row in plan.send if rows is None or row.row in rows)[:limit]
