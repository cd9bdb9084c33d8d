"""Asks before something that cannot be taken back: the number has to be typed, or said yes to beforehand."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from cli.failures import AnswerIsNo, BadUsage


def confirm_number(number: int, what: str, *, yes: bool) -> None:
    """Let nothing happen before the number was typed.

    Raises `BadUsage` where nobody can type, and `AnswerIsNo` when something else was.
    """
    if yes:
        return
    if not os.isatty(0):
        raise BadUsage(f"Nothing was done: this would {what}. Type the number when asked, or add --yes.")
    if typed(f"Type {number} to {what}: ") != str(number):
        raise AnswerIsNo("Nothing was done.")


def confirm_live(number: int, account: str, lines: Sequence[str], *, yes: bool, live: bool) -> int:
    """The number of requests somebody said yes to, that will bind people; `lines` are what they read before.

    Raises as `confirm_number` does.
    """
    if yes and live:
        return number
    if yes or not os.isatty(0):
        raise BadUsage(f"Account {account} is live: type the number when asked, or add --yes --live.")
    print("\n".join(lines))
    if typed(f"Type {number} to send them: ") != str(number):
        raise AnswerIsNo("Nothing was sent.")
    return number


def typed(question: str) -> str:
    """What somebody at the terminal types; Ctrl-C ends it at once, which asyncio's handler would leave for later."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""
    finally:
        signal.signal(signal.SIGINT, before)
