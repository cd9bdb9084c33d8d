"""Which error an answer is: a table, a provider's own lines before the general ones.

The question behind every line is what the caller may do next. On a *write*, only an answer that says so proves that
nothing happened; on a *read* nothing can have happened anyway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    OutcomeUnknown,
    PermanentError,
    QuotaExceeded,
    TransientError,
)
from connectors.signing.tolerant import dig, read_json, text

Call = Literal["read", "write"]

DETAIL_LENGTH = 500
"""Characters of a provider's own sentence that are kept."""


@dataclass(frozen=True)
class Answer:
    """What came back, whole; the names of `headers` in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Rule:
    """An answer of one of `statuses` is this `error`; every condition that is given has to hold as well.

    `says` finishes our sentence; `source` is where the line comes from. `path` is how the call's path begins (longer
    paths begin so as well, and no line knows the method), `body` a
    regular expression found in the answer, `promised` wants a `Retry-After`, `wait` is the seconds to wait without one.
    """

    statuses: range
    error: type[ConnectorError]
    says: str
    source: str
    call: Call | None = None
    path: str = ""
    body: str | None = None
    promised: bool = False
    wait: float | None = None

    def fits(self, answer: Answer, call: Call, path: str) -> bool:
        """Whether this line is about this answer to this call."""
        return (
            answer.status in self.statuses
            and self.call in (None, call)
            and path.startswith(self.path)
            and (self.body is None or re.search(self.body, answer.body.decode("utf-8", "replace")) is not None)
            and (not self.promised or retry_after(answer.headers) is not None)
        )


def one(status: int) -> range:
    """A range of one status."""
    return range(status, status + 1)


GENERAL: tuple[Rule, ...] = (
    Rule(one(401), AuthenticationError, "the credentials are wrong or have expired; check them", "RFC 9110 §15.5.2"),
    Rule(one(402), QuotaExceeded, "the account has no credit left; top it up, then resume", "RFC 9110 §15.5.3"),
    Rule(one(403), AuthenticationError, "these credentials are not allowed to do this; check them", "RFC 9110 §15.5.4"),
    # Gateways also say 408 when the application behind them was too slow.
    Rule(one(408), OutcomeUnknown, "it did not wait for the call; look before trying again", "cautious", "write"),
    Rule(one(408), TransientError, "it did not wait for the call; try again later", "RFC 9110 §15.5.9"),
    Rule(one(429), TransientError, "too many calls; try again later", "RFC 6585 §4"),
    Rule(range(400, 500), PermanentError, "it refuses this call", "RFC 9110 §15.5"),
    Rule(one(503), TransientError, "not available; try again later", "RFC 9110 §15.6.4", promised=True),
    Rule(range(300, 400), PermanentError, "it points elsewhere; check the base URL", "RFC 9110 §15.4", "read"),
    Rule(range(1000), TransientError, "it has a problem of its own; try again later", "RFC 9110 §15.6", "read"),
    Rule(range(1000), OutcomeUnknown, "it may have happened; look before trying again", "RFC 9110 §15.6", "write"),
)
"""For every provider, after its own lines; the last two fit everything."""


def judge(title: str, answer: Answer, call: Call, path: str, rules: Sequence[Rule] = ()) -> ConnectorError:
    """The error an answer other than 2xx is. Its message never carries what the provider wrote; `.detail` does."""
    rule = next(rule for rule in (*rules, *GENERAL) if rule.fits(answer, call, path))
    message = f"{title} answered {answer.status}: {rule.says}."
    detail = said(answer.body)
    if issubclass(rule.error, TransientError):
        wait = retry_after(answer.headers)
        wait = rule.wait if wait is None else wait
        return rule.error(message, detail=detail, status=answer.status, retry_after=wait)
    return rule.error(message, detail=detail, status=answer.status)


def holds_error(value: Any) -> bool:
    """Whether the JSON of a good status says that something went wrong, in one of the ways providers have for it."""
    if not isinstance(value, dict):
        return False
    said_so = bool(value.get("error")) or value.get("success") is False or text(value.get("error_code")) is not None
    return said_so or (value.get("status") == "error" and isinstance(value.get("data"), dict))


def error_inside(title: str, answer: Answer, call: Call) -> ConnectorError:
    """The error a 2xx with an error inside is. On a write nothing proves that nothing happened."""
    message = f"{title} answered {answer.status}, but with an error inside"
    if call == "write":
        return OutcomeUnknown(f"{message}; look before trying again.", detail=said(answer.body), status=answer.status)
    return PermanentError(f"{message}.", detail=said(answer.body), status=answer.status)


def unclear(call: Call) -> type[ConnectorError]:
    """What a missing or unreadable answer is."""
    return TransientError if call == "read" else OutcomeUnknown


def said(body: bytes) -> str | None:
    """The provider's own sentence in an error's body; the body itself where no known place holds one."""
    try:
        value = read_json(body)
    except ValueError:
        value = None
    places = (("error",), ("error", "message"), ("message",), ("error_message",), ("data", "error_message"))
    sentence = next((found for place in places if (found := text(dig(value, *place)))), None)
    plain = " ".join((sentence or body.decode("utf-8", "replace").replace("\0", "")).split())
    return plain[:DETAIL_LENGTH] or None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `Retry-After`, given in seconds or as a date (RFC 9110 §10.2.3); `None` if neither."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
