"""The sender's templates: Markdown with placeholders and signer fields, kept for use in contracts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.paper import NotFound, Refused
from sandbox.placeholders import Edit, Placeholder, edit, fill
from sandbox.store import Store, Tables

STARTERS = Path(__file__).parent / "starters"


@dataclass(frozen=True)
class Collaborator:
    """Somebody who may edit a template."""

    id: str
    name: str
    email: str


@dataclass(frozen=True)
class Template:
    """One template; `created_at` is ISO 8601 in UTC."""

    id: str
    title: str
    markdown: str
    created_at: str
    labels: tuple[str, ...] = ()
    collaborators: tuple[Collaborator, ...] = ()


class Templates:
    """All templates of the account."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def seed(self) -> None:
        """Lays the two ready templates into a new home. A deleted one stays deleted."""

        def job(tables: Tables) -> None:
            if tables.remembered("templates seeded", lambda: "no") == "yes":
                return
            for file in sorted(STARTERS.glob("*.md"), reverse=True):
                heading, _, markdown = file.read_text("utf-8").partition("\n")
                title = heading.lstrip("# ")
                ready_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox-template:{file.stem}"))
                _save(tables, self._new(title, markdown.strip() + "\n", (), ready_id))
            tables.remember("templates seeded", "yes")

        await self._store.run(job)

    async def all(self) -> list[Template]:
        """Newest first."""
        return await self._store.run(lambda tables: [_load(record) for record in tables.templates()])

    async def get(self, template_id: str) -> Template:
        """Raises NotFound."""
        return await self._store.run(lambda tables: find(tables, template_id))

    async def create(self, title: str, markdown: str, labels: Iterable[str]) -> Template:
        """A new template."""
        template = self._new(title, markdown, labels, str(uuid.uuid4()))
        await self._store.run(lambda tables: _save(tables, template))
        return template

    async def update(self, template_id: str, *, title: str | None, labels: Iterable[str] | None) -> None:
        """Changes what is given."""

        def job(tables: Tables) -> None:
            template = find(tables, template_id)
            template = replace(template, title=template.title if title is None else title)
            _save(tables, replace(template, labels=template.labels if labels is None else tuple(labels)))

        await self._store.run(job)

    async def copy(self, template_id: str, title: str, placeholders: Iterable[Placeholder]) -> Template:
        """A new template from an old one, with some placeholders filled."""

        def job(tables: Tables) -> Template:
            source = find(tables, template_id)
            markdown = fill(source.markdown, resolved(tables, placeholders))
            copied = self._new(title, markdown, source.labels, str(uuid.uuid4()))
            _save(tables, copied)
            return copied

        return await self._store.run(job)

    async def edit(self, template_id: str, edits: Iterable[Edit], *, dry_run: bool) -> None:
        """Changes the text; a dry run only says whether it could."""

        def job(tables: Tables) -> None:
            template = find(tables, template_id)
            changed = replace(template, markdown=edit(template.markdown, edits))
            if not dry_run:
                _save(tables, changed)

        await self._store.run(job)

    async def delete(self, template_id: str) -> None:
        """Forgets a template; contracts made from it keep their text."""

        def job(tables: Tables) -> None:
            find(tables, template_id)
            tables.remove_template(template_id)

        await self._store.run(job)

    async def add_collaborator(self, template_id: str, name: str, email: str) -> Collaborator:
        """Lets somebody edit a template."""
        collaborator = Collaborator(str(uuid.uuid4()), name, email)

        def job(tables: Tables) -> None:
            template = find(tables, template_id)
            _save(tables, replace(template, collaborators=(*template.collaborators, collaborator)))

        await self._store.run(job)
        return collaborator

    async def remove_collaborator(self, template_id: str, collaborator_id: str) -> None:
        """Takes that permission away."""

        def job(tables: Tables) -> None:
            template = find(tables, template_id)
            rest = tuple(one for one in template.collaborators if one.id != collaborator_id)
            if rest == template.collaborators:
                raise NotFound("This template has no such collaborator.")
            _save(tables, replace(template, collaborators=rest))

        await self._store.run(job)

    def _new(self, title: str, markdown: str, labels: Iterable[str], template_id: str) -> Template:
        created_at = self._clock.now().replace(tzinfo=None).isoformat(timespec="milliseconds")
        return Template(template_id, title, markdown, created_at, tuple(labels))


def find(tables: Tables, template_id: str) -> Template:
    """Raises NotFound."""
    record = tables.template(template_id)
    if record is None:
        raise NotFound("There is no template with this id.")
    return _load(record)


def resolved(tables: Tables, placeholders: Iterable[Placeholder]) -> tuple[Placeholder, ...]:
    """The same placeholders with the content of the templates they name; raises Refused."""
    return tuple(_resolve(tables, one) if one.kind == "template" else one for one in placeholders)


def _resolve(tables: Tables, placeholder: Placeholder) -> Placeholder:
    try:
        return replace(placeholder, value=find(tables, placeholder.value).markdown)
    except NotFound as problem:
        raise Refused(f"placeholder_fields: {problem}") from None


def _save(tables: Tables, template: Template) -> None:
    tables.save_template(template.id, asdict(template))


def _load(record: dict[str, Any]) -> Template:
    collaborators = tuple(Collaborator(**one) for one in record["collaborators"])
    return Template(**record | {"labels": tuple(record["labels"]), "collaborators": collaborators})
