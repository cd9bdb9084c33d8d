"""Keeps a value plain text inside a Markdown document, whatever it is made of."""

from __future__ import annotations

import re
from functools import lru_cache

# What means something anywhere in a line: emphasis, code, links, HTML, tables, strike-through, headings' ends; and
# the braces of eSignatures' field settings and placeholders (`{"line_type": …}`, {{key}}).
_ANYWHERE = re.compile(r"([\\`*_{}\[\]<>#|~]|&(?=#?\w+;)|:(?=//)|(?<=\bwww)\.)", re.IGNORECASE)
# What means something at the beginning of a line: lists, rules, underlined headings, table rules.
_AT_THE_START = re.compile(r"^((?:\d{1,9}(?=[.)]))?)([-+=:.)])")


# Letters, digits and what means nothing within a line; most names and addresses are such, and need no second look.
_HARMLESS = re.compile(r"(?!.*www\.)[^\W\d_](?:[^\W_]|[ ,;'@.()/%+-])*", re.IGNORECASE)
_KEPT = 4096
"""Texts kept as they are written: a name stands in its document many times, our own company in every document."""


def plain(value: object) -> str:
    """The value on one line, with backslashes before all that Markdown would take for its own (spec.commonmark.org)."""
    return _plain(value if isinstance(value, str) else shown(value))


def shown(value: object) -> str:
    """The value as people read it: yes and no as these words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


@lru_cache(maxsize=_KEPT)
def _plain(text: str) -> str:
    line = " ".join(text.split())
    if _HARMLESS.fullmatch(line):
        return line
    return _AT_THE_START.sub(r"\1\\\2", _ANYWHERE.sub(r"\\\1", line))
