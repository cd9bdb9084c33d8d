"""Signer fields: the lines of a Markdown text that end in a JSON object between backticks, or the places of an
uploaded document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from sandbox.paper import Field, FieldKind, Paper, Party, Placed, Refused

_LINE = re.compile(r"^(?P<label>.*?)\s*`(?P<config>\{.*\})`\s*$")
_KINDS = frozenset(get_args(FieldKind))


@dataclass(frozen=True)
class FieldLine:
    """A field and who fills it in: only_first_signer, only_second_signer, only_last_signer or every_signer."""

    field: Field
    who: str
    named: bool


def field_lines(markdown: str) -> list[FieldLine]:
    """The fields of a text. A field without signer_field_id gets `field-<n>`; file uploads are not offered here."""
    lines: list[FieldLine] = []
    for line in markdown.splitlines():
        label, config = split(line)
        if config.get("line_type") not in _KINDS:
            continue
        name = str(config.get("signer_field_id", ""))
        field = Field(
            id=name or f"field-{len(lines) + 1}",
            label=label.strip(" #*_>-"),
            kind=config["line_type"],
            required=config.get("input_required") == "yes",
            options=tuple(str(option) for option in config.get("select_values") or ()),
            default=str(config.get("default_value", "")),
            placeholder=str(config.get("placeholder_text", "")),
        )
        lines.append(FieldLine(field, str(config.get("input_type", "every_signer")), bool(name)))
    return lines


def split(line: str) -> tuple[str, dict[str, Any]]:
    """A line's text and its configuration, which is empty for an ordinary line."""
    if match := _LINE.match(line):
        try:
            config = json.loads(match["config"])
        except ValueError:
            return line, {}
        if isinstance(config, dict):
            return match["label"], config
    return line, {}


def prefill(markdown: str, values: Mapping[str, str]) -> str:
    """Puts the sender's default values into the lines of their fields."""
    if not values:
        return markdown
    lines = []
    for line in markdown.split("\n"):
        label, config = split(line)
        value = values.get(str(config.get("signer_field_id", "")))
        lines.append(line if value is None else f"{label} `{json.dumps(config | {'default_value': value})}`")
    return "\n".join(lines)


def placed_fields(paper: Paper) -> list[tuple[Placed, Field]]:
    """The places of an uploaded document that are filled in with words or a tick; signatures are not."""
    kinds: dict[str, FieldKind] = {"text": "text-input", "date": "date", "checkbox": "checkbox"}
    return [
        (place, Field(place.id or f"placed-{number}", _label(place), kinds[place.kind], place.required))
        for number, place in enumerate(paper.placed, start=1)
        if place.kind in kinds
    ]


def _label(place: Placed) -> str:
    return place.label or f"{place.kind.capitalize()} on page {place.page + 1}"


def fields_for(paper: Paper, party: Party) -> list[Field]:
    """The fields this party fills in."""
    if paper.upload:
        return [field for place, field in placed_fields(paper) if place.signer == party.id]
    place = [one.id for one in paper.parties].index(party.id)
    last = len(paper.parties) - 1
    mine = {
        "only_first_signer": place == 0,
        "only_second_signer": place == 1,
        "only_last_signer": place == last,
        "every_signer": True,
    }
    return [line.field for line in field_lines(paper.markdown) if mine.get(line.who, False)]


def named_ids(markdown: str) -> list[str]:
    """The ids a sender gave; only these are reported (documented at signer_field_id)."""
    return list(dict.fromkeys(line.field.id for line in field_lines(markdown) if line.named))


def accepted(fields: list[Field], values: Mapping[str, str]) -> dict[str, str]:
    """The values as filled in; raises Refused with a sentence for the page."""
    return {field.id: _accept(field, values.get(field.id, "").strip()) for field in fields}


def _accept(field: Field, value: str) -> str:
    if field.required and not value:
        raise Refused(f"Please fill in “{field.label}”.")
    if not value:
        return value
    if field.options and value not in field.options:
        raise Refused(f"Please choose one of the options of “{field.label}”.")
    if field.kind == "checkbox" and value != "1":
        raise Refused(f"Please tick “{field.label}” or leave it empty.")
    if field.kind == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            raise Refused(f"Please give “{field.label}” as a date like 2026-01-31.") from None
    return value
