"""The sandbox the browser visits, and what it is asked to have signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

TOKEN = "made-up-token"
DOCUMENT = """# House rules

These rules hold for everybody in the house, **from 1 May** on.

## Quiet hours `{"header_counter": "yes"}`

1. From 22:00 to 6:00 the house is quiet.
2. Music stays in the flat, *whatever the hour*.

## Bicycles `{"header_counter": "yes"}`

| Place | Bicycles | Fee (EUR) |
| :--- | ---: | ---: |
| Cellar | 2 | 0.00 |
| Yard | 1 | 12.50 |

Flat number `{"line_type": "text-input", "input_type": "every_signer", "input_required": "yes", "signer_field_id": "flat"}`
Moving in `{"line_type": "date", "input_type": "every_signer", "signer_field_id": "moving-in"}`
Bicycle place `{"line_type": "select-input", "select_values": ["Cellar", "Yard"], "input_type": "every_signer", "signer_field_id": "bicycle"}`
I have received two keys `{"line_type": "checkbox", "input_type": "every_signer", "input_required": "yes", "signer_field_id": "keys"}`

Thank you for reading all of it. `{"alignment": "right"}`
"""  # noqa: E501


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox and its provider's API."""

    url: str

    def send(self, *signers: dict[str, str], **more: Any) -> list[str]:
        """Sends the house rules; the addresses of the signing pages."""
        body = {"title": "House rules", "markdown": DOCUMENT, "test": "yes", "signers": list(signers), **more}
        answer = httpx.post(f"{self.url}/esignatures/api/contracts", json=body, auth=(TOKEN, "")).raise_for_status()
        return [signer["sign_page_url"] for signer in answer.json()["data"]["contract"]["signers"]]

    def contracts(self) -> list[dict[str, Any]]:
        """All contracts with the states of their signers."""
        found = httpx.get(f"{self.url}/_sandbox/contracts").raise_for_status().json()
        return list(found["contracts"] if isinstance(found, dict) else found)


def signer(number: int) -> dict[str, str]:
    names = {1: "Signer One", 2: "Zoë Łukasz Ørsted"}
    return {"name": names[number], "email": f"person0{number}@example.com", "signing_order": str(number)}
