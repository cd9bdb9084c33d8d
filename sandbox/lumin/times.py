"""Lumin's times are whole numbers since 1970: of milliseconds nearly everywhere, of seconds where files are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_START = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """As nearly all calls and the webhooks give times."""
    return round((moment - _START) / timedelta(milliseconds=1))


def seconds(moment: datetime) -> int:
    """As the calls for files give theirs (Get Signature Request File, `expires_at`)."""
    return int((moment - _START).total_seconds())


def moment_of(number: int) -> datetime:
    """The moment of so many milliseconds; raises OverflowError beyond the year 9999."""
    return _START + timedelta(milliseconds=number)
