"""Holds requests against Google's own description of its API, and refuses what is not in it as Google does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.google.errors import Refused

_DOCUMENT = json.loads(Path(__file__).with_name("discovery.json").read_text())
SCHEMAS: dict[str, dict[str, Any]] = _DOCUMENT["schemas"]
METHODS: dict[str, dict[str, Any]] = _DOCUMENT["methods"]
SYSTEM_PARAMETERS = {"alt", "fields", "prettyPrint", "quotaUser", "$.xgafv"}


def checked(value: Any, schema: str, at: str = "") -> dict[str, Any]:
    """The message without its nulls, which Google reads as not given. Raises Refused for what the document has not."""
    if not isinstance(value, dict):
        raise _invalid(at, f"type.googleapis.com/google.apps.sheets.v4.{schema}", value)
    kept = {}
    for name, given in value.items():
        described = SCHEMAS[schema].get(name)
        place = _joined(at, name)
        if described is None:
            where = f" at {at!r}" if at else ""
            raise _violation(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.', at)
        if given is None:
            continue
        if described == {}:
            raise Refused(f'Invalid value at {place!r}: Google has "{name}", its stand-in has not', 400)
        kept[name] = _typed(given, described, place)
    return kept


def checked_query(method: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    """The parameters of the address; several values only where the document says so."""
    described = METHODS[method]
    found: dict[str, Any] = {}
    for name, text in query:
        if name in SYSTEM_PARAMETERS:
            found[name] = text
            continue
        if name not in described:
            raise _violation(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. Field '
                f"{name!r} could not be found in request message.",
                name,
            )
        rule = described[name]
        value: Any = text
        if rule.get("type") == "boolean":
            if text.lower() not in ("true", "false"):
                raise _invalid(_snake(name), "TYPE_BOOL", text)
            value = text.lower() == "true"
        elif "enum" in rule and text not in rule["enum"]:
            raise _invalid(_snake(name), f"type.googleapis.com/google.apps.sheets.v4.{name[0].upper()}{name[1:]}", text)
        if rule.get("repeated"):
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _typed(value: Any, rule: dict[str, Any], at: str) -> Any:
    if "$ref" in rule:
        return checked(value, rule["$ref"], at)
    kind = rule["type"]
    if kind == "array":
        if not isinstance(value, list):
            raise _invalid(at, "TYPE_ARRAY", value)
        return [_typed(item, rule["items"], f"{at}[{index}]") for index, item in enumerate(value)]
    if kind == "string":
        if not isinstance(value, str):
            raise _invalid(at, "TYPE_STRING", value)
        if "enum" in rule and value not in rule["enum"]:
            raise _invalid(at, "TYPE_ENUM", value)
    elif kind == "integer":
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise _invalid(at, "TYPE_INT32", value)
        return int(value)
    elif kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(at, "TYPE_DOUBLE", value)
    elif kind == "boolean" and not isinstance(value, bool):
        raise _invalid(at, "TYPE_BOOL", value)
    return value


def _invalid(at: str, kind: str, value: Any) -> Refused:
    shown = json.dumps(value) if isinstance(value, str | int | float | bool) else f"{type(value).__name__}_value"
    return _violation(f"Invalid value at {at!r} ({kind}), {shown}", at)


def _violation(sentence: str, at: str) -> Refused:
    violations = [{"field": at, "description": sentence} if at else {"description": sentence}]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
    return Refused(sentence, 400, details=[detail])


def _joined(at: str, name: str) -> str:
    return f"{at}.{_snake(name)}" if at else _snake(name)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
