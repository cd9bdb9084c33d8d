"""What only eSignatures has: signers changed on the way, placeholders, edits, templates and who may edit them.

Each says how it is put into a call (`as_sent`) or read out of an answer (`read`); sources as in
`connectors.signing.esignatures`. An answer without an id is `None`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator

from connectors.signing.model import Frozen
from connectors.signing.tolerant import dig, iso_time, objects, text


class Channel(StrEnum):
    """How something reaches a signer."""

    EMAIL = "email"
    SMS = "sms"


class Identification(StrEnum):
    """What a signer has to show before the document opens or is signed; the account's settings say which of the two."""

    SMS_CODE = "sms_code"
    EMAIL_CODE = "email_code"
    PHOTO_ID = "photo_id"


IDENTIFICATIONS = {
    Identification.SMS_CODE: "sms_verification_code",
    Identification.EMAIL_CODE: "email_verification_code",
    Identification.PHOTO_ID: "photo_id",
}
"""[docs] "Contracts – New": `multi_factor_authentications`."""


class SignerData(Frozen):
    """What can be said of a signer after a contract was made; what is `None` is not said.

    `request_by` is how they are asked to sign (an empty tuple: not at all), `document_by` how they get the signed
    document, `identify_by` what they have to show; each needs the address or number it goes to. `redirect_url` is where
    they are led after signing.
    """

    name: str | None = None
    email: str | None = None
    mobile: str | None = None
    company: str | None = None
    request_by: tuple[Channel, ...] | None = None
    document_by: Channel | None = None
    identify_by: tuple[Identification, ...] | None = None
    redirect_url: str | None = None

    def as_sent(self) -> dict[str, Any]:
        """The body's words; an empty text or list says something too."""
        identify_by = self.identify_by
        return without_none(
            name=self.name,
            email=self.email,
            mobile=self.mobile,
            company_name=self.company,
            signature_request_delivery_methods=None if self.request_by is None else list(self.request_by),
            signed_document_delivery_method=self.document_by,
            multi_factor_authentications=None if identify_by is None else [IDENTIFICATIONS[one] for one in identify_by],
            redirect_url=self.redirect_url,
        )


class SignerChange(SignerData):
    """What is to be different about a signer; what is `None` stays as it is."""


class NewSigner(SignerData):
    """One more signer of a contract; what is `None` is left to the provider.

    `order` starts at 1, and equal numbers sign in parallel. `signs_by_itself` puts the signature into the document at
    once, which the provider allows for the account's own signature only.
    """

    order: int | None = Field(default=None, ge=1)
    signs_by_itself: bool | None = None

    def as_sent(self) -> dict[str, Any]:
        """The body's words."""
        return super().as_sent() | without_none(
            signing_order=None if self.order is None else str(self.order),
            auto_sign=None if self.signs_by_itself is None else yes_or_no(self.signs_by_itself),
        )


class Placeholder(Frozen):
    """What is to stand in the place of `{{key}}`: plain text, Markdown, or the text of a template (its id)."""

    key: str = Field(min_length=1)
    text: str | None = None
    markdown: str | None = None
    template: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if [self.text, self.markdown, self.template].count(None) != 2:
            raise ValueError("a placeholder is filled with text, Markdown or a template")
        return self

    def as_sent(self) -> dict[str, str]:
        """The body's words; an empty text empties the placeholder."""
        return without_none(
            placeholder_key=self.key,
            replace_with_text=self.text,
            replace_with_markdown=self.markdown,
            replace_with_template=self.template,
        )


class FilledPlaceholder(Frozen):
    """What stands in the place of `{{key}}` now. The provider does not say out of which template a text came."""

    key: str
    text: str | None = None
    markdown: str | None = None
    from_template: bool = False

    @classmethod
    def read(cls, entry: Any) -> Self | None:
        """One of the contract's placeholders; a template's is `[template content]`, whatever it holds [docs]."""
        key = text(dig(entry, "placeholder_key"))
        if key is None:
            return None
        return cls(
            key=key,
            text=_as_written(entry.get("replace_with_text")),
            markdown=_as_written(entry.get("replace_with_markdown")),
            from_template=text(entry.get("replace_with_template")) is not None,
        )


class Edit(Frozen):
    """One change of a Markdown text: `find` is looked for and `replace` put in its place; blank takes it out.

    `find` is a piece of the text as it is written, or a heading (`## Payment`), which stands for its whole section;
    blank is the whole text [docs].
    """

    find: str
    replace: str

    def as_sent(self) -> dict[str, str]:
        """The body's words."""
        return {"find_markdown": self.find, "replace_with_markdown": self.replace}


class Template(Frozen):
    """A template kept at the provider; a list of them shows id and title alone.

    `placeholders` are the names within `{{ }}`, which a request's `fields` fill; `signer_fields` are the ids of what
    signers fill in.
    """

    id: str
    title: str | None = None
    created_at: datetime | None = None
    placeholders: tuple[str, ...] = ()
    signer_fields: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @classmethod
    def read(cls, entry: Any) -> Self | None:
        """A template as it is listed, shown, or named after it was made."""
        template_id = text(dig(entry, "template_id"))
        if template_id is None:
            return None
        return cls(
            id=template_id,
            title=text(entry.get("title")),
            created_at=iso_time(entry.get("created_at")),  # without a zone [docs], read as UTC [guess]
            placeholders=_texts(entry.get("placeholder_fields")),
            signer_fields=_texts(entry.get("signer_field_ids")),
            labels=_texts(entry.get("labels")),  # [mcp]
        )


class Collaborator(Frozen):
    """Somebody who may edit a template; `editor_url` opens its editor and is as good as a key."""

    id: str
    template_id: str | None = None
    name: str | None = None
    email: str | None = None
    editor_url: str | None = Field(default=None, repr=False)

    @classmethod
    def read(cls, entry: Any) -> Self | None:
        """A collaborator as listed or as just added."""
        collaborator_id = text(dig(entry, "template_collaborator_id"))
        if collaborator_id is None:
            return None
        return cls(
            id=collaborator_id,
            template_id=text(entry.get("template_id")),
            name=text(entry.get("name")),
            email=text(entry.get("email")),
            editor_url=text(entry.get("template_collaborator_editor_url")),
        )


def entries(answer: Any) -> list[dict[str, Any]]:
    """The objects in an answer's `data`, which is a list even where it can hold only one [docs]."""
    data = dig(answer, "data")
    return objects([data] if isinstance(data, dict) else data)


def without_none(**values: Any) -> dict[str, Any]:
    """What is said; unlike in a new contract, an empty text or list says something too."""
    return {key: value for key, value in values.items() if value is not None}


def yes_or_no(value: bool) -> str:
    """A flag as the provider writes it."""
    return "yes" if value else "no"


def _as_written(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(found for one in value if (found := text(one))) if isinstance(value, list) else ()
