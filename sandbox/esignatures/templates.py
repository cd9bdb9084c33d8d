"""Templates: New, List, Query, Update, Copy, Delete, Content and Collaborators."""

from __future__ import annotations

from typing import Any

from sandbox.engine import Refused
from sandbox.esignatures import answers, drafting
from sandbox.esignatures.calls import QUEUED, ActionTable, Call
from sandbox.esignatures.requests import ContentEdits, NewCollaborator, NewTemplate, TemplateCopy, TemplateUpdate
from sandbox.fields import named_ids
from sandbox.placeholders import keys_in


async def create(call: Call) -> dict[str, Any]:
    """Templates – New."""
    wanted = await call.read(NewTemplate)
    template = await call.engine.templates.create(wanted.title, wanted.markdown, wanted.labels)
    return {"data": [{"template_id": template.id}]}


async def all_of_them(call: Call) -> dict[str, Any]:
    """Templates – List."""
    found = await call.engine.templates.all()
    return {"data": [{"template_id": one.id, "title": one.title} for one in found]}


async def query(call: Call) -> dict[str, Any]:
    """Templates – Query."""
    template = await call.engine.templates.get(call.part("id"))
    return {
        "data": {
            "template_id": template.id,
            "title": template.title,
            "created_at": template.created_at,
            "placeholder_fields": keys_in(template.markdown),
            "signer_field_ids": named_ids(template.markdown),
        }
    }


async def update(call: Call) -> dict[str, Any]:
    """Templates – Update."""
    wanted = await call.read(TemplateUpdate)
    await call.engine.templates.update(call.part("id"), title=wanted.title, labels=wanted.labels)
    return QUEUED


async def copy(call: Call) -> dict[str, Any]:
    """Templates – Copy (and customize)."""
    wanted = await call.read(TemplateCopy)
    if wanted.target_secret_token is not None:
        raise Refused("target_secret_token: there is no other account here.")
    filled = drafting.placeholders(wanted.placeholder_fields)
    template = await call.engine.templates.copy(call.part("id"), wanted.title, filled)
    return {"data": [{"template_id": template.id}]}


async def delete(call: Call) -> dict[str, Any]:
    """Templates – Delete."""
    await call.engine.templates.delete(call.part("id"))
    return QUEUED


async def content(call: Call) -> dict[str, Any]:
    """Content – Query."""
    template = await call.engine.templates.get(call.part("id"))
    return {"data": {"template_id": template.id, "markdown": template.markdown}}


async def edit_content(call: Call) -> dict[str, Any]:
    """Content – Update."""
    wanted = await call.read(ContentEdits)
    await call.engine.templates.edit(call.part("id"), drafting.edits(wanted.edits), dry_run=wanted.dry_run == "yes")
    return QUEUED


async def add_collaborator(call: Call) -> dict[str, Any]:
    """Collaborators – Add."""
    wanted = await call.read(NewCollaborator)
    added = await call.engine.templates.add_collaborator(call.part("id"), wanted.name, wanted.email)
    template = await call.engine.templates.get(call.part("id"))
    return {"data": [answers.collaborator(template, added, call.engine.links)]}


async def collaborators(call: Call) -> dict[str, Any]:
    """Collaborators – List."""
    template = await call.engine.templates.get(call.part("id"))
    return {"data": [answers.collaborator(template, one, call.engine.links) for one in template.collaborators]}


async def remove_collaborator(call: Call) -> dict[str, Any]:
    """Collaborators – Remove."""
    await call.engine.templates.remove_collaborator(call.part("id"), call.part("collaborator"))
    return QUEUED


ACTIONS: ActionTable = [
    ("GET", "/templates", all_of_them),
    ("POST", "/templates", create),
    ("GET", "/templates/{id}", query),
    ("POST", "/templates/{id}", update),
    ("POST", "/templates/{id}/copy", copy),
    ("POST", "/templates/{id}/delete", delete),
    ("GET", "/templates/{id}/content", content),
    ("POST", "/templates/{id}/content", edit_content),
    ("GET", "/templates/{id}/collaborators", collaborators),
    ("POST", "/templates/{id}/collaborators", add_collaborator),
    ("POST", "/templates/{id}/collaborators/{collaborator}/remove", remove_collaborator),
]
