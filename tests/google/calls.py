"""A record of every call, and what was meant by it: which method of Google's, on which spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.google.worksheet import Written

BOOK = r"/v4/spreadsheets/(?P<book>[^/:]+)"
ROUTES = [
    ("GET", BOOK, "get", "Spreadsheet", None),
    ("POST", BOOK + ":batchUpdate", "batchUpdate", "BatchUpdateSpreadsheetResponse", "BatchUpdateSpreadsheetRequest"),
    ("GET", BOOK + "/values:batchGet", "values.batchGet", "BatchGetValuesResponse", None),
    (
        "POST",
        BOOK + "/values:batchUpdate",
        "values.batchUpdate",
        "BatchUpdateValuesResponse",
        "BatchUpdateValuesRequest",
    ),
    ("POST", BOOK + "/values:batchClear", "values.batchClear", "BatchClearValuesResponse", "BatchClearValuesRequest"),
    ("POST", BOOK + "/values/(?P<text>[^/]+):append", "values.append", "AppendValuesResponse", "ValueRange"),
    ("POST", BOOK + "/values/(?P<text>[^/]+):clear", "values.clear", "ClearValuesResponse", "ClearValuesRequest"),
    ("GET", BOOK + "/values/(?P<text>[^/]+)", "values.get", "ValueRange", None),
    ("PUT", BOOK + "/values/(?P<text>[^/]+)", "values.update", "UpdateValuesResponse", "ValueRange"),
    (
        "POST",
        BOOK + "/developerMetadata:search",
        "developerMetadata.search",
        "SearchDeveloperMetadataResponse",
        "SearchDeveloperMetadataRequest",
    ),
]
READS = {"get", "values.get", "values.batchGet", "developerMetadata.search"}
Wanted = str | Callable[["Call"], bool]
"""Which calls: `read`, `write`, `any`, `values read`, Google's name of a method, or a function that decides."""


@dataclass
class Call:
    """`status` is 0 while the call is under way, and for one whose connection was cut."""

    number: int
    time: float
    method: str
    path: str
    query: list[tuple[str, str]]
    kind: str = ""
    """Google's name of the method, `values.batchUpdate`; empty where there is none."""
    book: str = ""
    text: str = ""
    """The range in the path."""
    body: Any = None
    user: str = ""
    status: int = 0
    answer: Any = None
    applied: bool = False
    """Whether it was done, also where the caller was not told so."""
    written: list[Written] = field(default_factory=list)
    """The cells whose values it has set."""
    response: str = ""
    request: str | None = None

    @property
    def reads(self) -> bool:
        return self.kind in READS

    @property
    def writes(self) -> bool:
        return bool(self.kind) and not self.reads

    def is_(self, wanted: Wanted) -> bool:
        if not isinstance(wanted, str):
            return wanted(self)
        groups = {
            "any": bool(self.kind),
            "read": self.reads,
            "write": self.writes,
            "values read": self.kind in ("values.get", "values.batchGet"),
        }
        return groups.get(wanted, self.kind == wanted)

    @property
    def input_option(self) -> str | None:
        """How values were to be taken: RAW or USER_ENTERED."""
        return dict(self.query).get("valueInputOption") or (
            self.body.get("valueInputOption") if isinstance(self.body, dict) else None
        )


def recognised(call: Call) -> Call:
    """Fill in what the path means; the longest route that fits."""
    for method, pattern, kind, response, request in ROUTES:
        found = re.fullmatch(pattern, call.path) if method == call.method else None
        if found:
            call.kind, call.response, call.request = kind, response, request
            call.book, call.text = unquote(found["book"]), unquote(found.groupdict().get("text") or "")
            break
    return call
