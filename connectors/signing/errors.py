"""What can go wrong with a provider, grouped by what the caller may do next.

```
ConnectorError
  TransientError          nothing happened; try again later (429, connection refused)
  OutcomeUnknown          it may have happened; look before trying again (timeout or 500 on a write)
  PermanentError          asking again gives the same answer
    AuthenticationError   wrong or expired credentials
    QuotaExceeded         the account has to be topped up or upgraded first
    Unsupported           this provider cannot be told that
  InvalidWebhook          the call did not come from the provider
```

Messages carry the provider, the status and our own words, never what was sent and never the
provider's text unless the text is asked for with `.detail`: a provider's 400 likes to echo names and addresses.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Something outside answered badly, or not at all.

    `detail` is the provider's own sentence, for the ledger and the sheet, where people's data may stand. It is
    kept out of `str()`, so that a log line, a state message or a traceback never carries it.
    """

    def __init__(self, message: str, *, detail: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.detail = detail
        self.status = status


class TransientError(ConnectorError):
    """Nothing happened; the same call may be made again, after `retry_after` seconds where the provider says so."""

    def __init__(
        self,
        message: str,
        *,
        detail: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, detail=detail, status=status)
        self.retry_after = retry_after


class OutcomeUnknown(ConnectorError):
    """It may have happened; look before trying again."""


class PermanentError(ConnectorError):
    """Asking again gives the same answer."""


class AuthenticationError(PermanentError):
    """The credentials are wrong or have expired."""


class QuotaExceeded(PermanentError):
    """The account has no credit or no allowance left."""


class Unsupported(PermanentError):
    """This provider cannot be told that."""


class InvalidWebhook(ConnectorError):
    """The call did not come from the provider, or was altered on its way."""
