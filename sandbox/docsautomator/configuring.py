"""Automations: list, get, placeholders, create, update, duplicate, delete."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from sandbox import ids
from sandbox.docsautomator import answers
from sandbox.docsautomator.automations import Automation, Signing
from sandbox.docsautomator.calls import ActionTable, Answer, Call, Refusal, sentence
from sandbox.docsautomator.moments import stamp
from sandbox.docsautomator.printing import placeholders_of
from sandbox.docsautomator.requests import AutomationUpdate, NewAutomation, Nothing, OneAutomation

_KEPT = ("title", "new_document_name_field", "is_active", "save_google_doc", "locale", "format_numbers_with_locale")


async def all_of_them(call: Call) -> dict[str, Any]:
    """GET /automations."""
    call.query(Nothing)
    return {"automations": [answers.automation(one) for one in await call.automations.all()]}


async def get(call: Call) -> dict[str, Any]:
    """GET /automation?docId=…"""
    return {"automation": answers.automation(await _named(call))}


async def placeholders(call: Call) -> dict[str, Any]:
    """GET /listPlaceholdersV2?automationId=…; whether signing tags are among them is not documented, here they are
    not, as no data fills them."""
    automation = await _named(call)
    if not automation.template:
        raise Refusal(404, "No Google Docs template set for the given document id.")
    return {"placeholders": {"main": placeholders_of(automation.markdown())}}


async def create(call: Call) -> Answer:
    """POST /createAutomation. The sandbox cannot fetch a Google Doc, so the new one has no template."""
    wanted = await call.read(NewAutomation)
    made = Automation(
        id=ids.hexadecimal(24),
        title=wanted.title,
        template="",
        date_created=stamp(call.engine.clock.now()),
        data_source=wanted.data_source_name,
        esignature=Signing(enabled=False),
    )
    await call.automations.put(made)
    return Answer({"message": "success", "newAutomation": answers.automation(made)}, 201)


async def update(call: Call) -> dict[str, Any]:
    """PUT /updateAutomation?docId=…"""
    present, wanted = await _named(call), await call.read(AutomationUpdate)
    given = wanted.model_fields_set
    nulls = [name for name in given if getattr(wanted, name) is None and name != "pdf_expiration"]
    if nulls:
        raise Refusal(400, f"{nulls[0]}: must not be null")
    changes = {name: getattr(wanted, name) for name in (*_KEPT, "pdf_expiration") if name in given}
    if wanted.esignature is not None:
        changes["esignature"] = _signing(present.esignature, wanted.esignature)
    changed = present.model_copy(update=changes)
    await call.automations.put(changed)
    return {"message": "Success", "updatedAutomation": answers.automation(changed)}


async def duplicate(call: Call) -> dict[str, Any]:
    """POST /duplicateAutomation?automationId=…: "a copy … with ' COPY' appended to the title"."""
    present = await _named(call)
    now = stamp(call.engine.clock.now())
    changes = {"id": ids.hexadecimal(24), "title": f"{present.title} COPY", "date_created": now}
    copied = present.model_copy(update=changes)
    await call.automations.put(copied)
    return {"newAutomationId": copied.id}


async def delete(call: Call) -> dict[str, Any]:
    """DELETE /deleteAutomation?docId=…"""
    await call.automations.remove((await _named(call)).id)
    return {"message": "Success"}


async def _named(call: Call) -> Automation:
    query = call.query(OneAutomation)
    name = query.doc_id or query.automation_id
    if not name:
        raise Refusal(400, "Missing required parameter")
    found = await call.automations.get(name)
    if found is None:
        raise Refusal(404, "Not found")
    return found


def _signing(present: Signing, given: dict[str, Any]) -> Signing:
    try:
        return Signing.model_validate(present.model_dump(by_alias=True) | given)
    except ValidationError as problem:
        raise Refusal(400, f"esignature.{sentence(problem)}") from None


ACTIONS: ActionTable = [
    ("GET", "/automations", all_of_them),
    ("GET", "/automation", get),
    ("GET", "/listPlaceholdersV2", placeholders),
    ("POST", "/createAutomation", create),
    ("PUT", "/updateAutomation", update),
    ("POST", "/duplicateAutomation", duplicate),
    ("DELETE", "/deleteAutomation", delete),
]
