"""Why a delivery is not taken, each with the status that tells its sender what to do.

```
ReceiverError
  UnknownAddress        404  nobody was given this address
  NoSuchAccount         404  the address is one of ours, and its account is gone
  WrongMethod           405  a delivery is a POST
  WrongSource           403  the account takes deliveries from some networks only, and this is none of them
  NotProven             401  no signature, or a wrong one
  TooLarge              413  the body is larger than a megabyte
  TooSlow               408  the body did not arrive in time
  NotStored             503  it is not in the ledger, or not for certain; it has to be sent again
  SettingsUnavailable   503  the account's settings cannot be read right now; it has to be sent again
```
"""

from __future__ import annotations

from typing import ClassVar


class ReceiverError(Exception):
    """The delivery is not taken. `outcome` is its one word among the figures."""

    status: ClassVar[int]
    outcome: ClassVar[str]


class UnknownAddress(ReceiverError):
    """Nobody was given this address."""

    status = 404
    outcome = "unknown_address"


class NoSuchAccount(ReceiverError):
    """The address is one of ours, but there is no such account, or no more."""

    status = 404
    outcome = "no_account"


class WrongMethod(ReceiverError):
    """A delivery is a POST."""

    status = 405
    outcome = "wrong_method"


class WrongSource(ReceiverError):
    """The account takes deliveries from some networks only, and this came from none of them."""

    status = 403
    outcome = "wrong_source"


class NotProven(ReceiverError):
    """The delivery had no signature, or a wrong one."""

    status = 401
    outcome = "not_proven"


class TooLarge(ReceiverError):
    """The body is larger than a megabyte."""

    status = 413
    outcome = "too_large"


class TooSlow(ReceiverError):
    """The body did not arrive in time."""

    status = 408
    outcome = "too_slow"


class NotStored(ReceiverError):
    """The delivery is not in the ledger, or not for certain; whoever sent it has to send it again."""

    status = 503
    outcome = "not_stored"


class SettingsUnavailable(ReceiverError):
    """The account may well exist, but its settings cannot be read right now."""

    status = 503
    outcome = "no_settings"
