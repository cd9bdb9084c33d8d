"""What Lumin accepts, field by field: its API reference's schemas, read strictly. A field that the reference does not
name is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Text = Annotated[str, StringConstraints(min_length=1)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$")]
Moment = Annotated[int, Field(ge=1, le=253_402_300_799_999)]
"""Milliseconds since 1970, at most to the end of the year 9999."""
SESSION_MS = (300_000, 3_600_000)
SESSION_DEFAULT_MS = 900_000
"""5 minutes to 1 hour, both included; 15 minutes where nothing is said (Create Signing Session, `expiry`)."""


class Body(BaseModel):
    """An object with exactly the fields it declares; what may be left out must not be null."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    @model_validator(mode="after")
    def _nothing_is_null(self) -> Self:
        nulls = [name for name in self.model_fields_set if getattr(self, name) is None]
        if nulls:
            raise ValueError(f"{nulls[0]} must not be null")
        return self


class Credential(Body):
    """What a verified signer has to show."""

    doc_type: Literal["driver_license", "photo_id", "nz_business_passport"] | None = None
    claims: list[Literal["given_name", "family_name", "issuing_country", "issuing_authority", "document_number"]]


class Verification(Body):
    """A check of the signer's identity; an add-on that has to be licensed."""

    method: Literal["vc"]
    payload: Credential


class Person(Body):
    """Whom a request is sent to."""

    email_address: Email
    name: Text


class NewSigner(Person):
    """A signer of a file. The reference's schemas have `group` as number and as string, its samples as number."""

    group: Annotated[int, Field(ge=1)] | None = None
    verification: Verification | None = None

    @field_validator("group", mode="before")
    @classmethod
    def _also_as_text(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 6 else value


class SignerWithRole(Person):
    """A signer of a template."""

    signer_role: Text | None = None
    verification: Verification | None = None


class CustomEmail(Body):
    """The sender's own words for the mails to signers."""

    sender_email: Email | None = None
    subject_name: str | None = None
    title: str | None = None


class NewRequest(Body):
    """What both ways to create a request have in common."""

    title: Title
    expires_at: Moment
    viewers: list[Person] = []
    custom_email: CustomEmail = CustomEmail()


class FromFile(NewRequest):
    """Send Signature Request; uploaded files come beside it."""

    signers: Annotated[list[NewSigner], Field(min_length=1)]
    file_url: Text | None = None
    file_urls: Annotated[list[Text], Field(min_length=1)] | None = None
    signing_type: Literal["SAME_TIME", "ORDER"] = "SAME_TIME"
    use_text_tags: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """With `ORDER` each signer needs a group, and groups start at 1 (`signers.group`)."""
        if self.signing_type == "ORDER":
            groups = [one.group for one in self.signers]
            if None in groups:
                raise ValueError("signers.group is required when signing_type is ORDER")
            if 1 not in groups:
                raise ValueError("signers.group starts at 1")
        return self


class FromTemplate(NewRequest):
    """Send Signature Request from Template."""

    template_id: Text
    signers: Annotated[list[SignerWithRole], Field(min_length=1)]
    tags: dict[str, str] = {}
    fields: dict[str, str | bool] = {}
    variables: dict[str, str] = {}


class NewDueDate(Body):
    """Update Signature Request."""

    expires_at: Moment


class Reminder(Body):
    """Send Reminder Emails."""

    emails: Annotated[list[Email], Field(min_length=1)]


class LinkWanted(Body):
    """Get Signing Link."""

    signer_email: Email


class SessionWanted(Body):
    """Create Signing Session."""

    signer_email: Email
    expiry: Annotated[int, Field(ge=SESSION_MS[0], le=SESSION_MS[1])] = SESSION_DEFAULT_MS
