"""Why a delivery is not taken, each with the status that tells its sender what to do.

```
ReceiverError
  TooLarge              413  the body is larger than a megabyte
  TooSlow               408  the body did not arrive in time
  NotStored             503  it is not in the ledger, or not for certain; it has to be sent again
  SettingsUnavailable   503  the account's settings cannot be read right now; it has to be sent again
```
"""

from __future__ import annotations

from typing import ClassVar


class ReceiverError(Exception):
    """The delivery is not taken."""

    status: ClassVar[int]


class TooLarge(ReceiverError):
    """The body is larger than a megabyte."""

    status = 413


class TooSlow(ReceiverError):
    """The body did not arrive in time."""

    status = 408


class NotStored(ReceiverError):
    """The delivery is not in the ledger, or not for certain; whoever sent it has to send it again."""

    status = 503


class SettingsUnavailable(ReceiverError):
    """The account may well exist, but its settings cannot be read right now."""

    status = 503
