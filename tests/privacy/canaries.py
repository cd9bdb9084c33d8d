"""Values nobody could write by chance, a set for each provoked failure, in every place where a person's would be."""

from __future__ import annotations

from dataclasses import dataclass

STEM = "q7canary"
"""In every value that may not be found; whoever looks for it does so without regard to capitals."""
TYPED = "q8typed"
"""In what a caller types into a parameter: Prefect keeps that with the run before any code of ours begins."""
LEAKED = "q9leaked"
"""In what the negative control leaks on purpose."""

SHARED = 0
"""The number of what belongs to no failure alone: keys and secrets."""


def canary(number: int, kind: str) -> str:
    """`Q7canary07-name`: which failure's, and what it is."""
    return f"{STEM.capitalize()}{number:02}-{kind}"


API_TOKEN = canary(SHARED, "api-token")
BLOCK_TOKEN = canary(SHARED, "block-token")
WEBHOOK_SECRET = canary(SHARED, "webhook-secret")
RECEIVER_SECRET = canary(SHARED, "receiver-secret")


@dataclass(frozen=True)
class Person:
    """Everything personal that one failure can meet."""

    number: int

    def __getattr__(self, kind: str) -> str:
        return canary(self.number, kind.replace("_", "-"))

    @property
    def name(self) -> str:
        """With letters that JSON, URLs and shells each write in their own way."""
        return f'{canary(self.number, "name")} "Ünal" O\'Neil'

    @property
    def email(self) -> str:
        return f"{canary(self.number, 'address').lower()}@example.com"

    @property
    def row(self) -> dict[str, str]:
        """A row of the recipe `nda` that is fit to be sent."""
        return {
            "company": self.company,
            "signer_name": self.name,
            "signer_title": self.title,
            "signer_email": self.email,
            "our_company": self.our_company,
            "our_name": self.our_name,
            "our_email": f"{self.our_address.lower()}@example.com",
            "purpose": self.purpose,
            "years": "3",
        }
