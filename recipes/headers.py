"""Compares what people type with what a recipe says: headers, keys, and words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

COLUMN = "[a-z][a-z0-9_]{0,59}"
"""How recipes write a column's name, as a regular expression."""

# Left behind by copying from web pages and PDFs: zero-width space, word joiner, byte order mark, soft hyphen.
LEFTOVERS = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """A header without capitals, spaces, underscores, hyphens, colons and accents: `Tenant: E-Mail` is `tenantemail`,
    and so is the recipe's `tenant_email`."""
    letters = unicodedata.normalize("NFKD", folded(text).casefold())
    return "".join(re.findall(r"[^\s_:–-]", "".join(char for char in letters if not unicodedata.combining(char))))


def folded(text: str) -> str:
    """Compatible forms made one (NFKC), ends trimmed, white space inside folded: what counts in a key."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(LEFTOVERS))
    return " ".join(text.split())
