"""Keeps a value plain text inside a Markdown document, whatever it is made of."""

from __future__ import annotations

import re

# What means something anywhere in a line: emphasis, code, links, HTML, tables, strike-through, headings' ends; and
# the braces of eSignatures' field settings and placeholders (`{"line_type": …}`, {{key}}).
_ANYWHERE = re.compile(r"([\\`*_{}\[\]<>#|~]|&(?=#?\w+;)|:(?=//)|(?<=\bwww)\.)", re.IGNORECASE)
# What means something at the beginning of a line: lists, rules, underlined headings, table rules.
_AT_THE_START = re.compile(r"^((?:\d{1,9}(?=[.)]))?)([-+=:.)])")


def plain(value: object) -> str:
    """The value on one line, with backslashes before all that Markdown would take for its own (spec.commonmark.org)."""
    return _AT_THE_START.sub(r"\1\\\2", _ANYWHERE.sub(r"\\\1", " ".join(str(value).split())))
