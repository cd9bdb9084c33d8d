"""What DocsAutomator accepts, field by field, read strictly: what its pages do not name is refused."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic.alias_generators import to_camel

Text = Annotated[str, StringConstraints(min_length=1)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$")]
Status = Literal["pending", "in_progress", "completed", "expired", "cancelled", "declined"]
Number = Annotated[int, Field(strict=False, ge=1)]
_LINE_ITEMS = re.compile(r"line_items_[1-9][0-9]*")
_email: TypeAdapter[str] = TypeAdapter(Email)


class Body(BaseModel):
    """A JSON object, or the parameters of an address, with exactly what it declares."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


class Recipient(Body):
    """Who signs, for this document only (Create Document via API, recipients)."""

    signer: int | None = None
    email: Email
    name: str = ""


class NewDocument(Body):
    """POST /createDocument (Create Document via API; OpenAPI file; troubleshooting page for `isPreview`)."""

    doc_id: str = ""
    automation_id: str = ""
    data: dict[str, Any] = {}
    document_name: str = ""
    asynchronous: bool = Field(default=False, alias="async")
    webhook_params: dict[str, Any] = {}
    skip_esign: bool = False
    is_preview: bool = False
    recipients: list[Recipient] = []
    acting_user_email: Email | None = None
    existing_pdfs: list[Text] = []
    doc_template_link: Text | None = None
    conditional_rendering: dict[str, bool] = {}
    line_deletions: list[str] = []
    rec_id: Text | None = None
    row_number: int | None = None
    task_id: Text | None = None
    line_items: dict[str, list[dict[str, Any]]] = Field(default={}, alias="line items")

    @model_validator(mode="before")
    @classmethod
    def _line_items(cls, value: Any) -> Any:
        """`line_items_1`, `line_items_2` and so on may stand beside `data` too; "there is no limit" on their number."""
        if not isinstance(value, dict):
            return value
        lines = {name: items for name, items in value.items() if _LINE_ITEMS.fullmatch(name)}
        rest = {name: item for name, item in value.items() if name not in lines}
        return rest | {"line items": lines} if lines else rest

    @property
    def automation(self) -> str:
        """`automationId` is another name for `docId`."""
        return self.doc_id or self.automation_id

    @property
    def values(self) -> dict[str, str]:
        """What stands for the placeholders. Lists fill line items, which the templates here have none of."""
        return {name: _text(value) for name, value in self.data.items() if not isinstance(value, dict | list)}


class Cancelling(Body):
    """POST …/cancel."""

    reason: str = ""


class SessionQuery(Body):
    """GET /esign/sessions. The page's maximum is enforced (OpenAPI says 250); what a larger limit does is not
    documented."""

    status: Status | None = None
    page: Number = 1
    limit: Annotated[Number, Field(le=100)] = 20
    email: str = ""


class AutomationUpdate(Body):
    """PUT /updateAutomation: "Only the fields included in the request body are updated". `esignature` is mentioned on
    the feature page alone."""

    title: Text | None = None
    doc_template_link: Text | None = None
    new_document_name_field: str | None = None
    is_active: bool | None = None
    save_google_doc: bool | None = None
    google_doc_destination_folder_url: str | None = None
    locale: Text | None = None
    format_numbers_with_locale: bool | None = None
    pdf_expiration: Literal["7d", "30d", "90d"] | None = None
    image_options: dict[str, int] | None = None
    esignature: dict[str, Any] | None = None


class NewAutomation(Body):
    """POST /createAutomation."""

    title: Text
    data_source_name: Literal[
        "Airtable", "API", "ClickUp", "Glide", "Google Sheets", "Make", "n8n", "Noloco", "SmartSuite", "Zapier"
    ]
    doc_template_link: Text | None = None


class OneAutomation(Body):
    """Which automation is meant: most calls know one of the two names, `GET /automation` both."""

    doc_id: str = ""
    automation_id: str = ""


class Nothing(Body):
    """A call without parameters."""


def is_email(text: str) -> bool:
    """Whether a filled-in setting can be an address."""
    try:
        _email.validate_python(text)
    except ValidationError:
        return False
    return True


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
