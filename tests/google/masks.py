"""Field masks: which part of an answer is wanted, which part of a cell a request sets."""

from __future__ import annotations

import re
from typing import Any

from tests.google.discovery import SCHEMAS
from tests.google.errors import Refused

Mask = dict[str, Any]
"""Names to masks of what lies beneath; an empty one means everything there. `*` stands for every name."""


def parsed(text: str) -> Mask:
    """`a,b(c,d/e),f.g`, with points or slashes."""
    tokens = re.findall(r"[A-Za-z0-9_*]+|[(),./]", text)
    if "".join(tokens) != re.sub(r"\s", "", text) or not tokens:
        raise _nothing_like_it(text)
    mask, rest = _list(tokens, text)
    if rest:
        raise _nothing_like_it(text)
    return mask


def known(mask: Mask, schema: str, path: str = "") -> None:
    """Raises Refused at the first name that the schema has not."""
    for name, beneath in mask.items():
        here = f"{path}{name}"
        rules = list(SCHEMAS[schema].values()) if name == "*" else [SCHEMAS[schema].get(name)]
        if rules == [None]:
            raise _nothing_like_it(here)
        for rule in rules if beneath else []:
            while rule and "items" in rule:
                rule = rule["items"]
            if not rule or "$ref" not in rule:
                if name == "*":
                    continue
                raise _nothing_like_it(f"{here}.{next(iter(beneath))}")
            known(beneath, rule["$ref"], f"{here}.")


def part(value: Any, mask: Mask) -> Any:
    """What of an answer the mask lets through."""
    if not mask or (isinstance(value, dict) and mask == {"*": {}}):
        return value
    if isinstance(value, list):
        return [part(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: part(beneath, mask.get(name, mask.get("*", {})))
        for name, beneath in value.items()
        if name in mask or "*" in mask
    }


def reaches(mask: Mask, *path: str) -> bool:
    """Whether anything at or beneath the path is wanted."""
    for name in path:
        if not mask:
            return True
        if name not in mask and "*" not in mask:
            return False
        mask = mask.get(name, mask.get("*", {}))
    return True


def leaves(mask: Mask, schema: str) -> list[tuple[str, ...]]:
    """The paths a request sets; `*` is every name of the schema."""
    found: list[tuple[str, ...]] = []
    for name, beneath in mask.items():
        if name == "*":
            found += [(each,) for each, rule in SCHEMAS[schema].items() if not rule.get("readOnly")]
        elif not beneath or set(beneath) == {"*"}:
            found.append((name,))
        else:
            found += [(name, *rest) for rest in leaves(beneath, SCHEMAS[schema][name]["$ref"])]
    return found


def wanted(text: str | None, schema: str) -> list[tuple[str, ...]]:
    """The paths of an update mask, as requests carry it in `fields`."""
    if not text:
        raise Refused("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    try:
        mask = parsed(text)
        known(mask, schema)
    except Refused:
        raise Refused(f"Invalid field: {text}") from None
    return leaves(mask, schema)


def take_over(target: dict[str, Any], source: dict[str, Any], paths: list[tuple[str, ...]]) -> None:
    """Set what the mask names as the source has it; what the source has not is cleared."""
    for path in paths:
        given: Any = source
        for name in path:
            given = given.get(name) if isinstance(given, dict) else None
        place = target
        for name in path[:-1]:
            if given is None and name not in place:
                break
            place = place.setdefault(name, {})
        else:
            if given is None:
                place.pop(path[-1], None)
            else:
                place[path[-1]] = given


def _list(tokens: list[str], text: str) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while True:
        here = mask
        while True:
            if not tokens or not re.fullmatch(r"[A-Za-z0-9_*]+", tokens[0]):
                raise _nothing_like_it(text)
            name, tokens = tokens[0], tokens[1:]
            whole = name in here and not here[name]
            here = here.setdefault(name, {})
            if tokens and tokens[0] in "./":
                tokens = tokens[1:]
                continue
            if tokens and tokens[0] == "(":
                inner, tokens = _list(tokens[1:], text)
                if not tokens or tokens[0] != ")":
                    raise _nothing_like_it(text)
                tokens = tokens[1:]
                if not whole:
                    _merge(here, inner)
            else:
                here.clear()
            break
        if not tokens or tokens[0] != ",":
            return mask, tokens
        tokens = tokens[1:]


def _merge(mask: Mask, more: Mask) -> None:
    for name, beneath in more.items():
        if name in mask and mask[name] and beneath:
            _merge(mask[name], beneath)
        else:
            mask[name] = beneath


def _nothing_like_it(path: str) -> Refused:
    sentence = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": path, "description": sentence}],
    }
    return Refused("Request contains an invalid argument.", 400, details=[detail])
