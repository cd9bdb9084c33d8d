"""The rows every way of sending sends: the same agreement to so many people who are nobody."""

from __future__ import annotations

from typing import Any

MARKDOWN = "# Agreement\n\n" + "A sentence of the agreement. " * 100
HEADER = "company,signer_name,signer_email,our_company,our_name,our_email,purpose,years\n"


def line(number: int) -> str:
    """The row in the sheet, as the recipe `nda` reads it."""
    return (
        f"Example Company {number},Signer {number},person{number}@example.com,Ours,Signer Zero,p@example.com,a test,3\n"
    )


def body(number: int) -> dict[str, Any]:
    """The least a provider has to be told of a row."""
    return {
        "title": f"Agreement {number}",
        "markdown": MARKDOWN,
        "metadata": f"row {number}",
        "signers": [{"name": f"Signer {number}", "email": f"person{number}@example.com"}],
    }
