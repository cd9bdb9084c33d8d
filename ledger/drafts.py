"""What a plan hands to the ledger, and what the ledger answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, overload

from pydantic import Field, SkipValidation

from connectors.signing.model import Document, Frozen, SignatureRequest
from ledger.states import RequestState


def request_content(request: SignatureRequest) -> str:
    """A request as the ledger keeps it: JSON without its document, which is kept once for all that have it."""
    return request.model_dump_json(exclude={"document"}, exclude_defaults=True)


def document_content(request: SignatureRequest) -> tuple[str, str]:
    """A request's document as the ledger keeps it: its SHA-256, and the JSON."""
    content = request.document.model_dump_json(exclude_none=True)
    return hashlib.sha256(content.encode()).hexdigest(), content


def content_hash(request: SignatureRequest) -> bytes:
    """What tells one content of a request from another: SHA-256 over what the ledger keeps of it."""
    return hash_of(request_content(request), document_content(request)[0])


def corrected_content(content: str, position: int, correction: Correction) -> str:
    """The same content with other data of the signer at this position, as a plan of the corrected row would have it."""
    request = SignatureRequest.model_validate({**json.loads(content), "document": Document(markdown="")})
    people = list(request.signers)
    people[position - 1] = people[position - 1].model_copy(update=correction.given)
    return request_content(request.model_copy(update={"signers": tuple(people)}))


def hash_of(content: str, document_sha256: str) -> bytes:
    """The same from the ledger's own columns."""
    return hashlib.sha256(f"{document_sha256}{content}".encode()).digest()


class Correction(Frozen):
    """What is to be different about a signer whose request is out; what is `None` stays as it is."""

    name: str | None = None
    email: str | None = None
    mobile: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """What is said, by name."""
        return {name: value for name, value in self if value is not None}


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


class Drafts(Sequence[RowDraft]):
    """Rows that are made when they are asked for, each time anew: a hundred thousand of them are never there at once.

    `heads` are their numbers and keys, `make` makes the one at a place.
    """

    def __init__(self, heads: Sequence[tuple[int, str]], make: Callable[[int], RowDraft]) -> None:
        self.heads = heads
        self._make = make

    def __len__(self) -> int:
        return len(self.heads)

    @overload
    def __getitem__(self, at: int) -> RowDraft: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[RowDraft]: ...

    def __getitem__(self, at: int | slice) -> RowDraft | Sequence[RowDraft]:
        places = range(len(self))[at]
        return [self._make(one) for one in places] if isinstance(places, range) else self._make(places)

    def __iter__(self) -> Iterator[RowDraft]:
        return map(self._make, range(len(self)))


class BatchDraft(Frozen):
    """One sheet, planned. `sheet` is its one name (a path, or an address), `hash` that of the plan the approval
    is bound to.

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
    rows: Annotated[Sequence[RowDraft], SkipValidation]
    refused: tuple[RefusedRow, ...] = ()

    @cached_property
    def heads(self) -> Sequence[tuple[int, str]]:
        """The rows' numbers and keys."""
        return self.rows.heads if isinstance(self.rows, Drafts) else [(row.row, row.key) for row in self.rows]


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
    content_hash: bytes | None = None
    """Of what is out, see `content_hash`; None where nobody asked."""
    planned_hash: bytes | None = None
    """Of what it was planned with, where a signer was corrected since."""

    def says(self, content: bytes) -> bool:
        """Whether this is what is out, or what went out before a signer was corrected."""
        return content in (self.content_hash, self.planned_hash)


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
