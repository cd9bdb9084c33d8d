"""Judges whether a signer of a request can be corrected, and says in one sentence what there is instead where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.signing.provider import Capability
from connectors.signing.registry import PROVIDERS
from ledger.correcting import Present
from ledger.dossier import Dossier
from ledger.drafts import Correction
from ledger.states import RequestState, SignerState
from recipes.errors import RowProblem
from recipes.model import Column
from recipes.values import read

THROUGH = frozenset({SignerState.SIGNED, SignerState.DECLINED, SignerState.SKIPPED, SignerState.REPLACED})
"""Whose data no longer matter: they have answered, or are not asked any more."""
REACHED_BY = frozenset({"email", "mobile"})


class CannotCorrect(Exception):
    """The signer is not corrected; the sentence says why, and what there is instead."""

    public = True


class NotReadable(Exception):
    """What was given is not what it is given as, or it is not clear whose it is."""

    public = True


@dataclass(frozen=True)
class Change:
    """A correction that can be made. `anew`: the signer is reached elsewhere by it, or did not get the invitation."""

    signer: Present
    correction: Correction
    anew: bool

    def in_key(self, key: str) -> bool:
        """Whether what is replaced is part of the row's key, so that another one in the sheet would be a new row."""
        before = (getattr(self.signer, name) for name in self.correction.given)
        return any(one and one.casefold() in key.casefold() for one in before)


def read_correction(name: str | None, email: str | None, mobile: str | None) -> Correction:
    """What a person gave, as a sheet's cell would be read. Raises `NotReadable`, without repeating it."""
    if name is email is mobile is None:
        raise NotReadable("Say what is right: --name, --email or --mobile.")
    return Correction(
        name=_read("text", name, "The name is empty or holds what no name holds; type it again."),
        email=_read("email", email, "What follows --email is not an e-mail address; type it again."),
        mobile=_read("phone", mobile, "What follows --mobile is not a phone number; write it like +44 20 7946 0018."),
    )


def judge_correction(
    request: Dossier, people: Sequence[Present], correction: Correction, role: str | None = None
) -> Change:
    """Whose data become what. Raises `CannotCorrect` where that cannot be, `NotReadable` if it is not clear whose."""
    _require_open(request)
    provider = PROVIDERS[request.provider]
    if Capability.CORRECT_SIGNER not in provider.capabilities:
        raise CannotCorrect(
            f"{provider.title} cannot correct a signer: take it back with `esign request cancel {request.id}`, correct "
            "the row in the sheet, and send it with `esign send … --again --row N`."
        )
    signer = _named(people, role)
    if signer.state in THROUGH:
        raise CannotCorrect(f"The signer {signer.role} has {signer.state} already; there is nothing to correct.")
    if request.provider_id is None or signer.provider_signer_id is None:
        raise CannotCorrect(f"It is not known under which id {provider.title} has this signer; correct them there.")
    others = {one.email.casefold() for one in people if one is not signer}
    if correction.email is not None and correction.email.casefold() in others:
        raise CannotCorrect("That is the address of another signer of this request; give each one of their own.")
    given = correction.given
    changed = {name for name, value in given.items() if value != getattr(signer, name)}
    came_back = signer.state is SignerState.BOUNCED and not REACHED_BY.isdisjoint(given)
    if not changed and not came_back:
        raise CannotCorrect(
            f"That is what {signer.role} has already; `esign request remind {request.id}` writes to them again."
        )
    return Change(signer, correction, anew=came_back or not REACHED_BY.isdisjoint(changed))


def _read(kind: Literal["text", "email", "phone"], given: str | None, problem: str) -> str | None:
    if given is None:
        return None
    try:
        return str(read("", Column(type=kind, example="", description=""), given))
    except RowProblem:
        raise NotReadable(problem) from None


def _require_open(request: Dossier) -> None:
    state = request.state
    if state.open:
        return
    if state is RequestState.PLANNED:
        raise CannotCorrect("It has not gone out yet: correct its row in the sheet, and send the sheet again.")
    if state is RequestState.COMPLETED:
        raise CannotCorrect("It is completed: everybody has signed.")
    if not state.terminal:
        raise CannotCorrect(
            f"It is {state}: it may have been sent or not. Once that is clear a signer can be corrected; "
            f"`esign request resolve {request.id}` is a person's word on it."
        )
    raise CannotCorrect(
        f"It is {state} already: correct the row in the sheet, and send it with `esign send … --again --row N`."
    )


def _named(people: Sequence[Present], role: str | None) -> Present:
    roles = ", ".join(one.role for one in people)
    if role is None and len(people) > 1:
        raise NotReadable(f"Several sign this request: say with --role whom you mean ({roles}).")
    named = [one for one in people if role in (None, one.role)]
    if not named:
        raise NotReadable(f"Nobody signs this request in that role; say one of these: {roles}.")
    return named[0]
