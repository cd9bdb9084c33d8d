"""What goes wrong on command: an error instead of an answer, a cut connection, an answer that is late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.google.calls import Call, Wanted
from tests.google.errors import Refused, api_disabled, over_quota


@dataclass
class Fault:
    """`applied` does the call first, so that the caller is told nothing, or something wrong, of what was done."""

    refused: Refused | None = None
    page: tuple[int, str] | None = None
    """A status and an HTML page, as what stands before Google's servers sends them."""
    headers: dict[str, str] | None = None
    applied: bool = False
    cut: bool = False
    share: float = 0.0
    """How much of the answer still goes out before the cut."""
    delay: float = 0.0


@dataclass
class Rule:
    """Something that happens to the next calls that fit."""

    calls: Wanted
    what: Any
    times: int | None = 1
    """How often; None for always."""
    skip: int = 0

    def takes(self, call: Call) -> bool:
        if self.times == 0 or not call.is_(self.calls):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


def busy() -> Fault:
    return Fault(Refused("The service is currently unavailable.", 503))


def busy_for(seconds: int) -> Fault:
    return Fault(Refused("The service is currently unavailable.", 503), headers={"Retry-After": str(seconds)})


def broken() -> Fault:
    return Fault(Refused("Internal error encountered.", 500))


def broken_after() -> Fault:
    """Everything was done, and the answer is an error."""
    return Fault(Refused("Internal error encountered.", 500), applied=True)


def bad_gateway() -> Fault:
    page = "<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n<p>That’s all we know.</p>\n"
    return Fault(page=(502, page))


def quota(word: str = "Write") -> Fault:
    return Fault(over_quota(word, 60))


def disabled() -> Fault:
    """The project's owner has not switched the API on."""
    return Fault(api_disabled())


def cut() -> Fault:
    """The request was read, nothing was done, no answer comes."""
    return Fault(cut=True)


def cut_after() -> Fault:
    """Everything was done, no answer comes."""
    return Fault(cut=True, applied=True)


def cut_within() -> Fault:
    """Everything was done, half of the answer comes."""
    return Fault(cut=True, applied=True, share=0.5)


def slow(seconds: float) -> Fault:
    """Done at once, answered late."""
    return Fault(applied=True, delay=seconds)
