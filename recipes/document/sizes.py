"""How large a field is where nobody has drawn one: room for a hand, for a date, for a line of text."""

from __future__ import annotations

from typing import NamedTuple

from connectors.signing.model import FieldKind


class Size(NamedTuple):
    """In millimetres. `narrowest` is what a field keeps where something stands close beside its anchor."""

    width: float
    height: float
    narrowest: float


SIZES = {
    FieldKind.SIGNATURE: Size(60, 12, 30),
    FieldKind.INITIALS: Size(20, 10, 12),
    FieldKind.DATE: Size(35, 7, 20),
    FieldKind.TEXT: Size(60, 7, 20),
    FieldKind.CHECKBOX: Size(5, 5, 4),
}
POINTS = 72 / 25.4
"""In a millimetre."""
