"""Papers for the tests of documents and seals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

from PIL import Image, ImageDraw

from sandbox.paper import Happening, Paper, Party, Signature

SENT = datetime(2026, 3, 4, 9, 30, 12, tzinfo=UTC)
AGREEMENT = """# Mutual agreement `{"alignment": "center"}`

between **Example Company 01** and *Example Company 02*, see [the terms](https://example.com/terms).

## Purpose `{"header_counter": "yes"}`

Both want to try something out, "as it is"; costs -- if any -- are ~~not~~ shared.

## Duties `{"header_counter": "yes"}`

1. Keep it secret.
2. Return it:
   - paper within ten days,
   - files **at once**.

> What was public stays public.

| Item | From | Fee (EUR) |
| :--- | :---: | ---: |
| Drawings of **both** | 4 March 2026 | 1,200.00 |

Place `{"line_type": "text-input", "input_type": "only_first_signer", "signer_field_id": "place"}`
Passport number `{"line_type": "text-input", "input_type": "only_first_signer", "masked": "yes", "signer_field_id": "pass"}`
I accept `{"line_type": "checkbox", "input_type": "every_signer"}`

Signed in good faith. `{"alignment": "right"}`
"""  # noqa: E501


def ink() -> bytes:
    """A drawn signature as a PNG."""
    picture = Image.new("RGBA", (300, 90))
    ImageDraw.Draw(picture).line([(5, 60), (60, 10), (90, 80), (150, 20), (290, 45)], fill=(20, 40, 75, 255), width=5)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def party(number: int, name: str, **more: object) -> Party:
    """A signer who has not signed."""
    return replace(Party(f"signer-{number}", name, f"person0{number}@example.com", number, "invited"), **more)  # type: ignore[arg-type]


def signed_paper(markdown: str = AGREEMENT, *, test: bool = True, second: str = "Zoë Łukasz Ørsted") -> Paper:
    """Signed by two, one typing and one drawing."""
    one = party(
        1,
        "Signer One",
        state="signed",
        signed_at=SENT + timedelta(hours=2),
        signature=Signature("typed", "Signer One"),
        values={"place": "Ulm", "pass": "C01X00T47", "field-3": "1"},
        ip="192.0.2.10",
        agent="A browser",
    )
    two = party(
        2,
        second,
        state="signed",
        signed_at=SENT + timedelta(hours=5),
        signature=Signature("drawn", "", ink()),
        values={"field-3": ""},
        ip="192.0.2.11",
        agent="Another browser",
    )
    history = (
        Happening(SENT, "created"),
        Happening(SENT + timedelta(hours=2), "signed", "Signer One", "192.0.2.10", "A browser"),
        Happening(SENT + timedelta(hours=5), "signed", second, "192.0.2.11", "Another browser"),
    )
    return Paper(
        id="0f8c2b6e",
        title="Mutual agreement",
        markdown=markdown,
        test=test,
        sender="Example Company 01",
        created_at=SENT,
        state="signed",
        parties=(one, two),
        redirect_url="",
        history=history,
    )
