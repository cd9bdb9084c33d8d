"""How a command ends badly: one sentence that says what to do next, and the exit code that belongs to it."""

from __future__ import annotations


class Failure(Exception):
    """A command could not do what was asked; the message is the one sentence the person reads."""

    code = 3


class AnswerIsNo(Failure):
    """The command did its work and the answer is no: bad rows, something missing."""

    code = 1


class BadUsage(Failure):
    """The call or the configuration has to be changed first."""

    code = 2


class OutsideFailed(Failure):
    """Something outside this command did not answer, or answered badly."""

    code = 3
