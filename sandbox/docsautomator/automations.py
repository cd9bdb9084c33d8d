"""The workspace's automations: a template, who signs, and how. Two are ready; what is changed is kept.

At the provider all of this is set up in the web app. Here it is changed through `PUT /updateAutomation`, whose
`esignature` object the feature page mentions with `enabled` only: the other names in it are not documented.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sandbox.engine import Engine

TEMPLATES = Path(__file__).parent / "templates"
API = "API"
"""The data source of automations whose values come with the request (Create Document via API)."""


class Setting(BaseModel):
    """Part of an automation, with the provider's names on the wire."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class SignerSetting(Setting):
    """One signer; name and address may hold placeholders (eSign overview, Dynamic Signer Information)."""

    email: str
    name: str = ""
    role: str = ""


class Signing(Setting):
    """Defaults and ranges as in the eSign overview's settings tables."""

    enabled: bool = True
    signing_order: Literal["parallel", "sequential"] = "parallel"
    delivery_method: Literal["email", "manual"] = "email"
    expiration_days: int = Field(default=30, ge=1, le=365)
    reminder_enabled: bool = False
    reminder_days: int = Field(default=3, ge=1, le=30)
    max_reminders: int = Field(default=3, ge=1, le=10)
    signers: list[SignerSetting] = []


class Automation(Setting):
    """One automation; `template` is the name of a file here, or empty where none is set."""

    id: str
    title: str
    template: str
    date_created: str
    is_active: bool = True
    data_source: str = API
    new_document_name_field: str = ""
    save_google_doc: bool = False
    locale: str = "en-us"
    format_numbers_with_locale: bool = False
    pdf_expiration: Literal["7d", "30d", "90d"] | None = None
    esignature: Signing = Signing()

    def markdown(self) -> str:
        """The template's text."""
        return (TEMPLATES / f"{self.template}.md").read_text("utf-8")


def _signer(number: int, role: str) -> SignerSetting:
    return SignerSetting(email=f"{{{{signer_{number}_email}}}}", name=f"{{{{signer_{number}_name}}}}", role=role)


_CREATED = "2026-01-15T09:00:00.000Z"
_READY = (
    Automation(
        id="665f1c0de5a8d0c5a0000001",
        title="Mutual non-disclosure agreement",
        template="mutual-nda",
        date_created=_CREATED,
        esignature=Signing(signing_order="sequential", signers=[_signer(1, "counterparty"), _signer(2, "company")]),
    ),
    Automation(
        id="665f1c0de5a8d0c5a0000002",
        title="Policy acknowledgement",
        template="policy-acknowledgement",
        date_created=_CREATED,
        esignature=Signing(signers=[_signer(1, "employee")]),
    ),
)
READY = {one.id: one for one in _READY}
_KIND = "automation"


class Automations:
    """All automations of the workspace, the ready ones first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def all(self) -> list[Automation]:
        """In the order they were made."""
        kept: dict[str, Any] = await self._engine.notes(_KIND)
        names = dict.fromkeys([*READY, *kept])
        found = [_load(kept[name]) if name in kept else READY[name] for name in names]
        return [one for one in found if one is not None]

    async def get(self, automation_id: str) -> Automation | None:
        """None where there is no such automation, or no more."""
        kept = await self._engine.noted(_KIND, automation_id)
        return READY.get(automation_id) if kept is None else _load(kept)

    async def put(self, automation: Automation) -> None:
        """A new or changed automation."""
        await self._engine.note(_KIND, automation.id, automation.model_dump())

    async def remove(self, automation_id: str) -> None:
        """Sessions that came from it stay as they are."""
        await self._engine.note(_KIND, automation_id, {})


def _load(kept: dict[str, Any]) -> Automation | None:
    return Automation.model_validate(kept) if kept else None
