"""What eSign accepts, field by field: its API page's parameter tables, read strictly.

Lists come as JSON in text form fields, `send` is a word, and a field the page does not name is refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints, model_validator

from sandbox.paper import PlacedKind

MOST_PER_PAGE = 100
PER_PAGE = 50
"""`limit`: "max 100, default 50" (GET /documents)."""

_ROUNDING = 1e-6

Text = Annotated[str, StringConstraints(pattern=r"\S")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$")]
Index = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Extent = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Status = Literal["draft", "sent", "completed", "declined", "voided"]
"""The page names the first three "etc."; the others are taken from its event names (not documented)."""


class Body(BaseModel):
    """Exactly the fields it declares."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Recipient(Body):
    """`{name, email, role?}`. Which roles there are is not documented: any word is taken, and everybody signs."""

    name: Text
    email: Email
    role: Text = "signer"


class Placement(Body):
    """One field on a page. `required` is missing in the page's example; it counts as true then (not documented)."""

    recipient_index: Index
    type: PlacedKind
    page_index: Index
    x: Fraction
    y: Fraction
    width: Extent
    height: Extent
    required: bool = True

    @model_validator(mode="after")
    def _on_the_page(self) -> Placement:
        """What leaves the page could not be filled in (not documented)."""
        if max(self.x + self.width, self.y + self.height) > 1 + _ROUNDING:
            raise ValueError("the field reaches beyond the edge of the page")
        return self


class NewDocument(Body):
    """The text fields of POST /documents. Without `signing_order` all sign at the same time, without `send` it stays a
    draft, and the word "false" says so too (none of these documented)."""

    title: Text
    recipients: Json[Annotated[list[Recipient], Field(min_length=1)]]
    fields: Json[list[Placement]] = []
    signing_order: Literal["parallel", "sequential"] = "parallel"
    send: Literal["true", "false"] = "false"

    @model_validator(mode="after")
    def _fields_have_recipients(self) -> NewDocument:
        for number, field in enumerate(self.fields):
            if field.recipient_index >= len(self.recipients):
                raise ValueError(f"fields.{number}.recipient_index: there is no recipient {field.recipient_index}")
        return self


class Sending(Body):
    """The optional body of POST /documents/{id}/send."""

    message: str = ""


class Listing(Body):
    """The query of GET /documents."""

    status: Status | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_PER_PAGE, strict=False)] = PER_PAGE
    offset: Annotated[int, Field(ge=0, strict=False)] = 0
