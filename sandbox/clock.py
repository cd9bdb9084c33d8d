"""The sandbox's clock: the time of day is real, the provider's hours pass as fast as wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """With factor 3600 an hour of the provider's (expiry, webhook retry, link life) lasts one second."""

    def __init__(self, factor: float = 1.0) -> None:
        if factor <= 0:
            raise ValueError("The clock factor must be greater than zero.")
        self.factor = factor

    def now(self) -> datetime:
        """The real time, aware, UTC."""
        return datetime.now(UTC)

    def hours(self, number: float) -> timedelta:
        """How long so many of the provider's hours really last here."""
        return timedelta(hours=number / self.factor)

    def here(self, moment: datetime, now: datetime) -> datetime:
        """When a future moment of the provider's time comes here."""
        return now + (moment - now) / self.factor
