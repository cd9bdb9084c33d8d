"""What a recipe can say: the words of `recipe.yaml`, each with its sentence."""

from __future__ import annotations

import keyword
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from connectors.sheets import OUR_COLUMNS
from connectors.signing.model import PlacedField
from recipes.durations import Duration
from recipes.headers import COLUMN, bare
from recipes.language import ROW

ColumnName = Annotated[str, StringConstraints(pattern=f"^{COLUMN}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Text = Annotated[str, StringConstraints(min_length=1)]
CAMPAIGN_WORDS = frozenset({"year", "month"})
"""What a campaign's name may use; a sending has one campaign, so columns cannot stand in it."""
_JINJAS = {"loop", "range", "true", "false", "none", "self", "caller", "varargs", "kwargs", "recursive"}
_TAKEN = {*CAMPAIGN_WORDS, ROW, *_JINJAS}


_SETTINGS = {"region": ("phone",), "decimal": ("number", "money"), "currency": ("money",), "first": ("date",)}
"""Which types of column have which setting."""


class Words(BaseModel):
    """Strict about what people write: unknown settings and wrong types are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Column(Words):
    """One column of the sheet."""

    type: Literal["text", "email", "phone", "date", "integer", "number", "money", "choice", "yes_no", "url"] = Field(
        default="text", description="What the column holds."
    )
    required: bool = Field(default=True, description="Whether every row has to fill it in.")
    default: str | None = Field(default=None, description="What an empty cell stands for; then it need not be filled.")
    example: str = Field(description="A made-up value, for the sample row, the preview and the tests.")
    description: str = Field(description="One sentence that tells people what to fill in.")
    choices: tuple[Text, ...] = Field(default=(), description="What a column of type choice may hold.")
    region: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = Field(
        default=None, description="Two-letter country that phone numbers without a leading + belong to."
    )
    decimal: Literal["point", "comma"] | None = Field(
        default=None,
        description="Which mark stands before the decimals of a number; without it 1.234 is refused, as it can be read "
        "in two ways.",
    )
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="Three letters of the currency amounts are in; another one in a cell is refused."
    )
    first: Literal["day", "month"] | None = Field(
        default=None,
        description="What stands first in dates like 03/04/2026; without it those are refused that can be read in two "
        "ways.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Column:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("choices belong to the type choice, which needs them")
        for setting, types in _SETTINGS.items():
            if getattr(self, setting) is not None and self.type not in types:
                raise ValueError(f"{setting} belongs to the type {' or '.join(types)}")
        if self.default is not None and not self.default.strip():
            raise ValueError("default should hold something; for a cell that may stay empty say required: false")
        return self


class RecipeSigner(Words):
    """Somebody who signs. All texts but the role are templates over the row's columns."""

    role: Slug = Field(description="What this signer is in the document, such as counterparty.")
    name: Text = Field(description="The signer's name.")
    email: Text = Field(description="The signer's e-mail address.")
    mobile: Text | None = Field(default=None, description="The signer's mobile number, with its country code.")
    company: Text | None = Field(default=None, description="For which company they sign.")
    order: int = Field(default=1, ge=1, le=99, description="When they sign: 1 first; equal numbers sign in parallel.")


class Reminders(Words):
    """When a signer who has not signed is reminded, counted from the invitation."""

    first: Duration = Field(description="How long to wait before the first reminder, like 3d, 12h or 30s.")
    every: Duration = Field(description="How long to wait between two reminders.")
    most: int = Field(ge=1, le=50, description="How many reminders one signer gets at most.")


class RecipeWords(Words):
    """Everything `recipe.yaml` can say."""

    id: Slug = Field(description="Fixed for good: nothing is sent twice under one id, whatever the folder is called.")
    description: Text = Field(description="One sentence that says what this recipe has signed, and by whom.")
    provider: Slug = Field(default="esignatures", description="The signature provider, unless told otherwise.")
    account: Slug = Field(default="sandbox", description="The account there, unless told otherwise.")
    campaign: Text | None = Field(
        default=None,
        description="One round of sending, in which each row is sent once; the id when left out. May use {{ year }} "
        "and {{ month }}.",
    )
    columns: Annotated[dict[ColumnName, Column], Field(min_length=1)] = Field(
        description="The columns the sheet needs; of others that it has, templates take the text as "
        "{{ row.cost_centre }}."
    )
    key: tuple[ColumnName, ...] = Field(
        default=(),
        description="Columns that tell one row from all others; all required columns when left out.",
    )
    title: Text = Field(description="The request's title, a template.")
    message: Text | None = Field(default=None, description="What the invitation says, a template.")
    document: Text | None = Field(
        default=None,
        description="The file beside this one that holds the document: Markdown with templates in it, or a PDF. "
        "In either, [[sign:role]] and [[date:role]] mark where a signer signs and dates it.",
    )
    template: Text | None = Field(default=None, description="Instead of a document: a template's id at the provider.")
    templates: dict[Slug, Text] = Field(
        default={},
        description="Beside a document: the template's id at each provider that takes none and keeps its own.",
    )
    signers: Annotated[tuple[RecipeSigner, ...], Field(min_length=1)] = Field(description="Who signs.")
    fields: dict[str, str] = Field(
        default={},
        description="Values for the placeholders of the provider's template, themselves templates; a template named "
        "under templates gets all columns when left out.",
    )
    locale: Text | None = Field(default=None, description="The language the signers are addressed in, such as en.")
    reply_to: Text | None = Field(default=None, description="Who gets a signer's answers by mail, a template.")
    expires_in_hours: int | None = Field(default=None, ge=1, le=87600, description="Hours until a request lapses.")
    expires_in_days: int | None = Field(default=None, ge=1, le=3650, description="Days until a request lapses.")
    reminders: Reminders | None = Field(default=None, description="When to remind; never, when left out.")
    archive: Text | None = Field(
        default=None, description="Name of the signed document in the archive, a template; the title when left out."
    )
    extra: dict[str, Any] = Field(default={}, description="Further settings of the provider's own, passed on as is.")

    @model_validator(mode="after")
    def _fits_together(self) -> RecipeWords:
        if (self.document is None) == (self.template is None):
            raise ValueError("document: a recipe names either a document or a template")
        if self.templates and self.document is None:
            raise ValueError("templates: stands beside a document; where there is none, say template")
        if self.document is not None and re.search(r"[/\\]|^\.", self.document):
            raise ValueError("document: should be the plain name of a file beside recipe.yaml")
        if self.expires_in_hours is not None and self.expires_in_days is not None:
            raise ValueError("expires_in_hours: a recipe says this or expires_in_days, not both")
        if taken := sorted(name for name in self.columns if name in _TAKEN or keyword.iskeyword(name)):
            raise ValueError(f"columns.{taken[0]}: this name means something in templates: choose another")
        if ours := sorted(name for name in self.columns if name in {ours.replace(" ", "_") for ours in OUR_COLUMNS}):
            raise ValueError(f"columns.{ours[0]}: this column is one we write: choose another name")
        if len(self.by_header) < len(self.columns):
            raise ValueError("columns: two of the names differ by underscores alone: choose another for one of them")
        roles = [signer.role for signer in self.signers]
        if len(set(roles)) < len(roles):
            raise ValueError("signers: two of them have the same role")
        return self._with_a_key()

    def _with_a_key(self) -> RecipeWords:
        if len(set(self.key)) < len(self.key):
            raise ValueError("key: names a column twice")
        for name in self.key_columns:
            if name not in self.columns:
                raise ValueError(f"key: names the column {name}, which is not declared under columns")
            if not self.columns[name].required or self.columns[name].default is not None:
                raise ValueError(
                    f"key: names the column {name}, which may stay empty: make it required, without a default"
                )
        if not self.key_columns:
            raise ValueError("key: is missing, and no column is required")
        return self

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that make a row's key."""
        return self.key or tuple(
            name for name, column in self.columns.items() if column.required and column.default is None
        )

    @cached_property
    def by_header(self) -> dict[str, str]:
        """The columns' names by how headers are compared."""
        return {bare(name): name for name in self.columns}

    @property
    def lifetime_hours(self) -> int | None:
        """Hours until a request lapses, from the moment the provider accepts it."""
        return self.expires_in_days * 24 if self.expires_in_days is not None else self.expires_in_hours


class Recipe(RecipeWords):
    """A recipe as it was loaded: its words, the folder it is called after, and its document, either as text or as a
    PDF with the fields its anchors ask for."""

    campaign: str
    name: str
    folder: Path
    markdown: str | None = None
    pdf: bytes | None = Field(default=None, repr=False)
    placed: tuple[PlacedField, ...] = ()
    others: tuple[ColumnName, ...] = ()
    """Columns that are not declared and that its templates ask for all the same, by `row.name`."""
