"""What a plan hands to the ledger, and what the ledger answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from connectors.signing.model import Frozen, SignatureRequest
from ledger.states import RequestState


class Reminders(Frozen):
    """When a signer whose turn it is gets reminded: `first` after the invitation, then `every`, `most` times."""

    first: timedelta = Field(gt=timedelta(0))
    every: timedelta = Field(gt=timedelta(0))
    most: int = Field(ge=1)


class RowDraft(Frozen):
    """One row that is to be sent. `row` is the sheet's (the header is 1); the request's `ref` is empty."""

    row: int
    key: str
    request: SignatureRequest
    archive_name: str
    reminders: Reminders | None = None


class RefusedRow(Frozen):
    """One row that cannot be sent as it is, and why, in one sentence."""

    row: int
    key: str | None = None
    problem: str


class BatchDraft(Frozen):
    """One sheet, planned. `sheet` is its absolute path, `hash` that of the plan the approval is bound to.

    `base_url` and `fingerprint` (a short SHA-256 of the token) say which account this is, so that another one under
    the same name is noticed.
    `rows` are all rows fit to be sent, also those an earlier batch already has: the ledger decides.
    """

    recipe: str
    campaign: str
    provider: str
    account: str
    mode: Literal["test", "live"]
    sheet: str
    hash: str
    base_url: str
    fingerprint: str
    rows: tuple[RowDraft, ...]
    refused: tuple[RefusedRow, ...] = ()


class Known(Frozen):
    """The newest round of a key, as the ledger has it."""

    request_id: str
    batch_id: str
    state: RequestState
    key: str
    row: int
    round: int
    attempts: int
    problem: str | None = None
    provider: str = ""
    account: str = ""


class Marked(Frozen):
    """A request that a sheet's `esign id` names, of whichever campaign."""

    request_id: str
    key: str
    mode: str
    campaign: str
    state: RequestState


class FrozenBatch(Frozen):
    """What became of a draft.

    `new` rows were planned now, `adopted` ones were planned in another batch and moved here, `mine` is how many rows
    of this batch are still to be sent, `already` maps the sheet's rows that another batch keeps. `resumed`: this very
    plan was frozen before.
    """

    batch_id: str
    new: int
    adopted: int
    mine: int
    already: dict[int, Known]
    resumed: bool
