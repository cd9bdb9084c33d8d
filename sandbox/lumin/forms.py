"""Forms with files, as the create call takes them beside JSON: nested values have bracketed names such as
`signers[0][email_address]` (the provider's published multipart samples)."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.datastructures import FormData, UploadFile

_NAME = re.compile(r"([a-z_]+)((?:\[[a-z0-9_]+\])*)")
_NUMBERS = {"expires_at", "group"}
_FLAGS = {"true": True, "false": False}


class Garbled(Exception):
    """A name that means nothing, twice the same, or a list with gaps; the message is one sentence."""


def parted(form: FormData) -> tuple[dict[str, Any], dict[str, list[UploadFile]]]:
    """The values, as JSON would have them, and the files by the name of their field, in order."""
    tree: dict[str, Any] = {}
    files: dict[str, list[tuple[int, UploadFile]]] = {}
    for name, value in form.multi_items():
        field, keys = _split(name)
        if isinstance(value, UploadFile):
            number = _number_of_file(name, field, keys)
            files.setdefault(field, []).append((number, value))
        else:
            _plant(tree, name, [field, *keys], value)
    values = {name: _as_json(name, value) for name, value in tree.items()}
    in_order = {name: [file for _, file in sorted(some, key=lambda one: one[0])] for name, some in files.items()}
    return values, in_order


def _split(name: str) -> tuple[str, list[str]]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise Garbled(f"{name}: this is no name of a field.")
    return match[1], re.findall(r"\[([^\]]+)\]", match[2])


def _number_of_file(name: str, field: str, keys: list[str]) -> int:
    """`file`, and `files[0]`, `files[1]`, …; several parts called `files` are taken as they come."""
    if field == "file" and not keys:
        return 0
    if field == "files" and (not keys or (len(keys) == 1 and keys[0].isdecimal())):
        return int(keys[0]) if keys else 0
    raise Garbled(f"{name}: this field takes no file.")


def _plant(tree: dict[str, Any], name: str, path: list[str], value: str) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise Garbled(f"{name}: this is a value and a list or object at once.")
    if path[-1] in tree:
        raise Garbled(f"{name}: this field is there twice.")
    tree[path[-1]] = value


def _as_json(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        if all(key.isdecimal() for key in value):
            if sorted(value, key=int) != [str(number) for number in range(len(value))]:
                raise Garbled(f"{name}: the numbers in brackets have to be 0, 1, 2 and so on.")
            return [_as_json(name, value[str(number)]) for number in range(len(value))]
        return {key: _as_json(key, one) for key, one in value.items()}
    if name in _NUMBERS and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if name == "use_text_tags":
        return _FLAGS.get(value, value)
    if name == "custom_email":
        # As one JSON text it is sent by a published client; the reference shows no form with it (not documented).
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
