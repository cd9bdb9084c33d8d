"""Carries our mark in a request's title, for providers that have no better place for it."""

from __future__ import annotations

import re

_MARK = re.compile(r"\s\[([0-9A-Z]{8,40})\]\s*$")


def with_ref(title: str, ref: str, *, most: int = 255) -> str:
    """The title with the mark at its end, at most so many characters; the mark is never cut."""
    tail = f" [{ref}]" if ref else ""
    room = most - len(tail)
    shown = title if len(title) <= room else title[: room - 1].rstrip() + "…"
    return shown + tail


def ref_in(title: str | None) -> str | None:
    """The mark at a title's end, if there is one."""
    found = _MARK.search(title or "")
    return found[1] if found else None
