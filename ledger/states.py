"""Where a request and a signer can stand, and the one table that says which news moves them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from connectors.signing.model import EventType, SignerStatus, Status


class RequestState(StrEnum):
    """Where a signature request stands. `archived` is a fact beside the state, not a state."""

    PLANNED = "planned"  # frozen in a batch, nothing has gone out
    SENDING = "sending"  # claimed by a process, whose call may be on its way
    UNCERTAIN = "uncertain"  # it may have been sent: look before trying again
    SENT = "sent"  # the provider has it
    IN_PROGRESS = "in_progress"  # at least one person signed
    COMPLETED = "completed"  # everybody signed
    DECLINED = "declined"  # somebody said no
    EXPIRED = "expired"  # the time to sign is over
    CANCELED = "canceled"  # withdrawn by the sender
    FAILED = "failed"  # the provider said no

    @property
    def terminal(self) -> bool:
        """Whether it is over: nobody is waited for, nobody is reminded."""
        return self in _OVER

    @property
    def open(self) -> bool:
        """Whether the provider has it and somebody still has to sign."""
        return self in (RequestState.SENT, RequestState.IN_PROGRESS)


class SignerState(StrEnum):
    """Where one signer stands."""

    WAITING = "waiting"  # not yet in turn
    INVITED = "invited"
    VIEWED = "viewed"
    SIGNED = "signed"
    DECLINED = "declined"
    BOUNCED = "bounced"  # the invitation did not arrive
    SKIPPED = "skipped"
    REPLACED = "replaced"

    @property
    def finished(self) -> bool:
        """Whether this signer does not hold up the next order any more."""
        return self in (SignerState.SIGNED, SignerState.SKIPPED, SignerState.REPLACED)


_R, _S = RequestState, SignerState
_OVER = frozenset({_R.COMPLETED, _R.DECLINED, _R.EXPIRED, _R.CANCELED, _R.FAILED})
_NOT_OUT = (_R.PLANNED, _R.SENDING, _R.UNCERTAIN)
_BEATS_ENDINGS = frozenset({_R.DECLINED, _R.COMPLETED})

MOVES: Mapping[RequestState, frozenset[RequestState]] = MappingProxyType(
    {
        **{state: _OVER | {_R.SENT, _R.IN_PROGRESS} for state in _NOT_OUT},
        _R.SENT: _OVER | {_R.IN_PROGRESS},
        _R.IN_PROGRESS: _OVER,
        _R.EXPIRED: _BEATS_ENDINGS,
        _R.CANCELED: _BEATS_ENDINGS,
        _R.FAILED: _BEATS_ENDINGS,
        _R.DECLINED: frozenset({_R.COMPLETED}),
        _R.COMPLETED: frozenset(),
    }
)
"""The table: which reported states move a request on. Whatever is not listed is late or repeated news.

A request ends once; only a decline outranks the other endings (eSignatures reports *declined* and *withdrawn* for
one refusal, in any order), and completion outranks all.
"""


def after(current: RequestState, reported: RequestState) -> RequestState:
    """Where a request stands after news from outside; never further back than before."""
    return reported if reported in MOVES[current] else current


def accepted(current: RequestState, *, thought_unsent: bool = False) -> RequestState:
    """Where a request stands once its *first* provider id is known: proof that the provider has it.

    This is the one way out of `failed`: a refusal of a later attempt is outweighed by an earlier one that got
    through after all. It is also the way out of `canceled` for a row that was taken back here, `thought_unsent`: it
    is open there, and has to be withdrawn there.
    """
    taken_back = thought_unsent and current is _R.CANCELED
    return _R.SENT if taken_back or current in (*_NOT_OUT, _R.FAILED) else current


_SIGNER_RANK = {
    _S.WAITING: 0,
    _S.INVITED: 1,
    _S.BOUNCED: 2,
    _S.VIEWED: 3,
    _S.DECLINED: 4,
    _S.SIGNED: 5,
    _S.SKIPPED: 6,
    _S.REPLACED: 6,
}


def signer_after(current: SignerState, reported: SignerState) -> SignerState:
    """Where a signer stands after news; who viewed it has received it, who signed did not decline."""
    return reported if _SIGNER_RANK[reported] > _SIGNER_RANK[current] else current


REPORTED_BY_EVENT: Mapping[EventType, RequestState] = MappingProxyType(
    {
        EventType.CREATED: _R.SENT,
        EventType.INVITED: _R.SENT,
        EventType.REMINDED: _R.SENT,
        EventType.VIEWED: _R.SENT,
        EventType.BOUNCED: _R.SENT,
        EventType.SIGNED: _R.IN_PROGRESS,
        EventType.ALL_SIGNED: _R.COMPLETED,
        EventType.COMPLETED: _R.COMPLETED,
        EventType.DECLINED: _R.DECLINED,
        EventType.CANCELED: _R.CANCELED,
        EventType.EXPIRED: _R.EXPIRED,
        EventType.FAILED: _R.FAILED,
    }
)
"""What an event says about the whole request; events that are missing here say nothing about it."""

SIGNER_BY_EVENT: Mapping[EventType, SignerState] = MappingProxyType(
    {
        EventType.INVITED: _S.INVITED,
        EventType.VIEWED: _S.VIEWED,
        EventType.SIGNED: _S.SIGNED,
        EventType.DECLINED: _S.DECLINED,
        EventType.BOUNCED: _S.BOUNCED,
    }
)
"""What an event says about the signer it names."""

SIGNER_BY_STATUS: Mapping[SignerStatus, SignerState] = MappingProxyType(
    {
        SignerStatus.INVITED: _S.INVITED,
        SignerStatus.VIEWED: _S.VIEWED,
        SignerStatus.SIGNED: _S.SIGNED,
        SignerStatus.DECLINED: _S.DECLINED,
        SignerStatus.BOUNCED: _S.BOUNCED,
    }
)
"""What a provider shows of a signer; that one is still waiting is no news."""

REPORTED_BY_STATUS: Mapping[Status, RequestState] = MappingProxyType(
    {
        Status.SENT: _R.SENT,
        Status.IN_PROGRESS: _R.IN_PROGRESS,
        Status.COMPLETED: _R.COMPLETED,
        Status.DECLINED: _R.DECLINED,
        Status.EXPIRED: _R.EXPIRED,
        Status.CANCELED: _R.CANCELED,
        Status.FAILED: _R.FAILED,
    }
)
"""What a provider's answer says about the whole request."""
