"""The stub's own record: one line for every call it has heard, written before the answer goes out."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos.fates import FATES, REFUSED


@dataclass(frozen=True)
class Call:
    """One `POST /contracts`. `provider_id` is there if it was accepted; `at` is when it arrived, in epoch seconds."""

    ref: str
    at: float
    how: str
    provider_id: str | None = None

    @property
    def accepted(self) -> bool:
        return self.provider_id is not None

    @property
    def clear(self) -> bool:
        """Whether its answer was to tell the caller how it ended."""
        return FATES[self.how].clear

    @property
    def refused(self) -> bool:
        return self.how == REFUSED


class Record:
    """A file of lines, appended to by the stub alone."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def write(self, call: Call) -> None:
        os.write(self._file, json.dumps(asdict(call)).encode() + b"\n")


def read(path: Path) -> list[Call]:
    """All calls so far, in the order in which the stub decided them."""
    return [Call(**json.loads(line)) for line in path.read_bytes().splitlines()] if path.exists() else []
