"""What only Lumin has: the files of a request, ways to one signer's page, templates, and whose key it is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from connectors.signing.model import FieldKind, Frozen, SignerStatus


class FileKind(StrEnum):
    """Which paper of a request; all but the agreement exist only once everybody has signed."""

    AGREEMENT = "agreement"
    CERTIFICATE = "coc"
    MERGED = "merged"
    """The agreement, followed by the certificate of completion."""


class FileLink(Frozen):
    """An address that hands out a file to whoever knows it, for half an hour."""

    url: str = Field(repr=False)
    expires_at: datetime | None = None


class SigningLink(Frozen):
    """The address of one signer's page, to send the signer to; it runs out, Lumin does not say when."""

    url: str = Field(repr=False)
    email: str | None = None
    status: SignerStatus | None = None


class SigningSession(Frozen):
    """An address that shows one signer's page inside another page, until `expires_at`."""

    url: str = Field(repr=False)
    email: str | None = None
    status: SignerStatus | None = None
    expires_at: datetime | None = None


class User(Frozen):
    """Whose API key this is."""

    id: str | None = None
    email: str | None = None
    name: str | None = None


class TemplateEntry(Frozen):
    """A template as it is listed. `kind` is the provider's own word for its file: `pdf` or `lumin`."""

    id: str
    name: str | None = None
    kind: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class TemplatePage(Frozen):
    """One page of the workspace's templates; `page` counts from 1, `total` is how many there are on all pages."""

    templates: tuple[TemplateEntry, ...] = ()
    page: int | None = None
    limit: int | None = None
    total: int | None = None


class TemplateRole(Frozen):
    """A signer a template asks for; `order` from 1, where its signers sign one after the other."""

    name: str
    order: int | None = None


class TemplateField(Frozen):
    """A field of a template that can be filled in beforehand; `role` is who fills it in else."""

    name: str
    kind: FieldKind | None = None
    required: bool = False
    role: str | None = None


class TemplateTag(Frozen):
    """A place in a template's text that is replaced when the request is made."""

    name: str
    required: bool = False


class TemplateVariable(Frozen):
    """A variable of an AgreementGen template and what it holds when nothing is given."""

    name: str
    value: str | None = None


class Template(TemplateEntry):
    """All of a template; `in_order` says whether its signers sign one after the other, `None` where it is not said."""

    in_order: bool | None = None
    roles: tuple[TemplateRole, ...] = ()
    tags: tuple[TemplateTag, ...] = ()
    fields: tuple[TemplateField, ...] = ()
    variables: tuple[TemplateVariable, ...] = ()
