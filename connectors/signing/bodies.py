"""Puts together what goes out: values that are given, further settings of people's own, ids inside a path."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from connectors.signing.errors import PermanentError, Unsupported


def given(**values: Any) -> dict[str, Any]:
    """Only what is there: no `None`, no empty text, list or object. Numbers and `False` stay."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [], {}, ())}


def merged(ours: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`extra` over `ours`; objects on both sides are merged the same way."""
    result = dict(ours)
    for key, value in extra.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def refuse_reserved(title: str, extra: Mapping[str, Any], reserved: Collection[str]) -> None:
    """Raise `Unsupported` if `extra` wants to set what would lose, double or pay for a request."""
    refused = sorted(set(reserved) & extra.keys())
    if refused:
        raise Unsupported(f"`extra` cannot set {', '.join(refused)} for {title}; the request itself says that.")


def in_path(title: str, provider_id: str) -> str:
    """An id, safe to stand in a path; ids come from outside. Raises `PermanentError` for what cannot be one."""
    if provider_id.strip() in ("", ".", ".."):
        raise PermanentError(f"{title} has nothing of this id.")
    return quote(provider_id, safe="")
