"""What can go wrong with the ledger; messages carry ids and class names, never a row's content.

```
LedgerError
  LedgerUnavailable   it cannot be reached or written right now; trying again later may help
  LedgerTooNew        a newer version of this program has written it
  NotInLedger         there is no such id
```
"""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger could not do what it was asked to."""


class LedgerUnavailable(LedgerError):
    """The ledger cannot be reached or written right now."""


class LedgerTooNew(LedgerError):
    """A newer version of this program has written the ledger; update this one."""


class NotInLedger(LedgerError):
    """The ledger knows no such id."""
