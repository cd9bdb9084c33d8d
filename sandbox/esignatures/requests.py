"""What eSignatures accepts, field by field: its reference's parameter tables, read strictly.

Booleans are "yes" and "no", numbers are strings, and a field the reference does not name is refused.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

YesNo = Literal["yes", "no"]
Text = Annotated[str, StringConstraints(min_length=1)]
Number = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$")]
Mobile = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ().-]{5,24}$")]
Channel = Literal["email", "sms"]
SecondFactor = Literal["sms_verification_code", "email_verification_code", "photo_id"]
Locale = Literal[
    "cz", "da", "de", "el", "en", "en-GB", "es", "fi", "fr", "hr", "hu", "id", "it",
    "ja", "nl", "no", "pl", "pt", "ro", "rs", "sk", "sl", "sv", "vi", "zh-CN",
]  # fmt: skip


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("must be a full web address")
    return value


def _webhook_address(value: str) -> str:
    parts = urlsplit(_web_address(value))
    if parts.scheme != "https" and not _loopback(parts.hostname or ""):
        raise ValueError("must be an https address (the sandbox also allows http to this machine)")
    return value


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


WebAddress = Annotated[str, AfterValidator(_web_address)]
WebhookAddress = Annotated[str, AfterValidator(_webhook_address)]


class Body(BaseModel):
    """A JSON object with exactly the fields it declares."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class SignerDetails(Body):
    """Contact details, as an update takes them; an absent one stays as it is."""

    name: Text | None = Field(default=None)
    email: Email | Literal[""] | None = None
    mobile: Mobile | Literal[""] | None = None
    company_name: str | None = None
    signature_request_delivery_methods: list[Channel] | None = None
    signed_document_delivery_method: Literal["email", "sms", ""] | None = None
    multi_factor_authentications: list[SecondFactor] | None = None
    redirect_url: WebAddress | Literal[""] | None = None

    @model_validator(mode="after")
    def _nothing_is_null(self) -> Self:
        nulls = [name for name in self.model_fields_set if getattr(self, name) is None]
        if nulls:
            raise ValueError(f"{nulls[0]} must not be null")
        return self


class JoiningSigner(SignerDetails):
    """Signers – Add; the reference does not ask for a name here."""

    signing_order: Number | None = None
    auto_sign: YesNo = "no"

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.email and not self.mobile:
            raise ValueError("email or mobile is required")
        return self


class NewSigner(JoiningSigner):
    """A signer of a new contract."""

    name: Text


class PlaceholderField(Body):
    """One key and the one thing it is replaced with."""

    placeholder_key: Text
    replace_with_text: str | None = None
    replace_with_markdown: str | None = None
    replace_with_template: Text | None = None

    @model_validator(mode="after")
    def _one_replacement(self) -> Self:
        given = self.model_fields_set - {"placeholder_key"}
        if len(given) != 1 or getattr(self, next(iter(given))) is None:
            raise ValueError(
                "exactly one of replace_with_text, replace_with_markdown, replace_with_template is required"
            )
        return self


class SignerField(Body):
    """A value a signer finds filled in."""

    signer_field_id: Text
    default_value: str = ""


class Emails(Body):
    """The sender's own words and copies."""

    signature_request_subject: str = ""
    signature_request_text: str = ""
    final_contract_subject: str = ""
    final_contract_text: str = ""
    cc_email_addresses: list[Email] = []
    reply_to: Email | Literal[""] = ""


class Branding(Body):
    """Who the document seems to come from."""

    company_name: str = ""
    logo_url: WebAddress | Literal[""] = ""


class NewContract(Body):
    """Contracts – New. `markdown` in place of a template is known from the provider's own published client."""

    template_id: Text | None = None
    markdown: Text | None = None
    title: Text | None = None
    locale: Locale = "en"
    metadata: str = ""
    expires_in_hours: Number | None = None
    custom_webhook_url: WebhookAddress | None = None
    assigned_user_email: Email | None = None
    labels: list[str] | None = None
    test: YesNo = "no"
    save_as_draft: YesNo = "no"
    signers: Annotated[list[NewSigner], Field(min_length=1)]
    placeholder_fields: list[PlaceholderField] = []
    signer_fields: list[SignerField] = []
    emails: Emails = Emails()
    custom_branding: Branding = Branding()

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        nulls = [name for name in self.model_fields_set if getattr(self, name) is None]
        if nulls:
            raise ValueError(f"{nulls[0]} must not be null")
        if (self.template_id is None) == (self.markdown is None):
            raise ValueError("exactly one of template_id and markdown is required")
        return self


class ContentEdit(Body):
    """One find-and-replace."""

    find_markdown: str
    replace_with_markdown: str


class ContentEdits(Body):
    """Content – Update; `dry_run` is in the provider's own published client."""

    edits: Annotated[list[ContentEdit], Field(min_length=1)]
    dry_run: YesNo = "no"


class PlaceholderUpdate(Body):
    """Placeholder fields – Update. The reference describes a list, its curl example posts one field bare: both do."""

    placeholder_fields: Annotated[list[PlaceholderField], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"placeholder_fields": [value]} if isinstance(value, dict) and "placeholder_key" in value else value


class NewTemplate(Body):
    """Templates – New."""

    title: Text
    markdown: Text
    labels: list[str] = []


class TemplateUpdate(Body):
    """Templates – Update."""

    title: Text | None = None
    labels: list[str] | None = None


class TemplateCopy(Body):
    """Templates – Copy; there is no other account here that `target_secret_token` could name."""

    title: Text
    placeholder_fields: list[PlaceholderField] = []
    target_secret_token: Text | None = None


class NewCollaborator(Body):
    """Collaborators – Add."""

    name: str = ""
    email: Email | Literal[""] = ""
