"""What a plan comes to: how many requests, how long they take to send, and when people would be reminded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connectors.signing.provider import ProviderSettings
from flows.send.as_pdf import sent_as_pdf
from flows.send.judging import PlanRow
from flows.send.plan import Plan

DRAWING_SECONDS = 0.1
"""Of one processor, for a document of two pages that differs from row to row."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What sending these rows comes to."""

    requests: int
    signers: int
    seconds: float
    """How long sending takes at the account's rate, and no less than making the documents does."""
    reminders: tuple[date, ...]
    """When somebody who has been asked today, and does not sign, would be reminded."""
    expires: date | None
    warnings: tuple[str, ...] = ()


def outlook(plan: Plan, rows: Sequence[PlanRow], account: ProviderSettings, today: date) -> Outlook:
    """The outlook for sending these rows of the plan on a day."""
    count = len(rows)
    hours = plan.recipe.lifetime_hours
    expires = today + timedelta(hours=hours) if hours else None
    return Outlook(
        requests=count,
        signers=sum(row.signers for row in rows),
        seconds=max(count / account.rate, _drawing(plan, rows)),
        reminders=tuple(day for day in _reminders(plan, today) if expires is None or day < expires),
        expires=expires,
        warnings=_beyond_quota(count, account),
    )


def _reminders(plan: Plan, today: date) -> list[date]:
    """Each day once, however often. Hours are added up before they make days."""
    remind = plan.reminders
    days = [today + (remind.first + at * remind.every) for at in range(remind.most)] if remind else []
    return list(dict.fromkeys(days))


def _drawing(plan: Plan, rows: Sequence[PlanRow]) -> float:
    """Seconds of making PDFs, where the provider wants them and the text is each row's own."""
    if not rows or plan.recipe.markdown is None:
        return 0.0
    document = plan.rendered(rows[0]).request.document
    processors = os.cpu_count() or 1
    return len(rows) * DRAWING_SECONDS / processors if sent_as_pdf(plan.sending.provider, document) else 0.0


def _beyond_quota(count: int, account: ProviderSettings) -> tuple[str, ...]:
    if account.quota is None or count <= account.quota:
        return ()
    return (
        f"{count} requests are more than the {account.quota} the account's settings allow (quota): send some with "
        f"--limit {account.quota}, or raise the quota if the provider has.",
    )
