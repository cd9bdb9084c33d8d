"""The list of failures that are provoked; each is a function whose name is its sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.privacy.room import Room

Provoke = Callable[[Room], Awaitable[None]]
"""Makes the failure happen, and fails itself if it did not."""


@dataclass(frozen=True)
class Failure:
    """`number` stands in its canaries. `at_the_receiver`: it needs the ledger that webhooks arrive in."""

    number: int
    sentence: str
    provoke: Provoke
    at_the_receiver: bool


FAILURES: list[Failure] = []


def failure(provoke: Provoke) -> Provoke:
    """Add a failure to the list."""
    return _add(provoke, at_the_receiver=False)


def failure_at_the_receiver(provoke: Provoke) -> Provoke:
    """Add a failure that begins with a webhook."""
    return _add(provoke, at_the_receiver=True)


def _add(provoke: Provoke, *, at_the_receiver: bool) -> Provoke:
    sentence = getattr(provoke, "__name__", "").replace("_", " ")
    FAILURES.append(Failure(len(FAILURES) + 1, sentence, provoke, at_the_receiver))
    return provoke
