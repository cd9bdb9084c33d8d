"""The two templates of the sandbox's workspace: List Templates, Get Template Details, and the documents made from them.

Both are of the kind with the prefix `sign_`, which has merge tags and form fields; the other kinds are not played.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from starlette.responses import Response

from sandbox.contract import Signer
from sandbox.document.fonts import TEXT, drawable
from sandbox.document.lettering import Lettering
from sandbox.lumin.calls import ActionTable, Call, Problem, answer
from sandbox.lumin.times import moment_of
from sandbox.paper import Placed

VERSION_HEADER, VERSION = "X-Lumin-API-Version", "1.1"
PAGE_SIZES = ("10", "25", "50")
MADE_AT = 1_748_456_885_430

_MARGIN, _LINE, _FIELD = 25.0, 7.0, (70.0, 8.0)


class FormField(NamedTuple):
    """A field that its role fills in, or the sender beforehand."""

    name: str
    kind: str
    required: bool
    role: str


@dataclass(frozen=True)
class Template:
    """`roles` are names with their groups, `tags` names that say whether they are required; in `text` a tag stands as
    `{name}`."""

    id: str
    name: str
    signing_type: str
    roles: tuple[tuple[str, int], ...]
    tags: dict[str, bool]
    fields: tuple[FormField, ...]
    text: tuple[str, ...]


class Drawn(NamedTuple):
    """The document of one request, and its fields."""

    pdf: bytes
    placed: tuple[Placed, ...]


TEMPLATES = {
    one.id: one
    for one in (
        Template(
            id="sign_664f1a2b3c4d5e6f708192a3",
            name="Mutual NDA",
            signing_type="ORDER",
            roles=(("Discloser", 1), ("Recipient", 2)),
            tags={"Company.Name": True, "Effective.Date": True, "Project.Name": False},
            fields=(
                FormField("Recipient.Position", "text", False, "Recipient"),
                FormField("Recipient.AgreesToTerms", "checkbox", True, "Recipient"),
            ),
            text=(
                "This agreement between {Company.Name} and the recipient begins on {Effective.Date}.",
                "It covers the project {Project.Name} and everything the parties tell each other about it.",
                "What is confidential stays confidential for two years.",
            ),
        ),
        Template(
            id="sign_664f1a2b3c4d5e6f708192a4",
            name="Policy acknowledgement",
            signing_type="SAME_TIME",
            roles=(("Employee", 1),),
            tags={"Policy.Name": True},
            fields=(FormField("Employee.Department", "text", False, "Employee"),),
            text=("I have read the policy “{Policy.Name}” and will keep to it.",),
        ),
    )
}


async def listed(call: Call) -> Response:
    """List Templates; the guide on templates calls header and both parameters required."""
    if call.request.headers.get(VERSION_HEADER) != VERSION:
        raise Problem(400, "bad_request", f"The header {VERSION_HEADER} has to be {VERSION}.")
    query = call.query("page", "limit")
    page, limit = query.get("page", ""), query.get("limit", "")
    if not page.isdecimal() or len(page) > 9 or int(page) < 1:
        raise Problem(400, "bad_request", "page is required, a whole number from 1.")
    if limit not in PAGE_SIZES:
        raise Problem(400, "bad_request", "limit is required, one of 10, 25 and 50.")
    first = (int(page) - 1) * int(limit)
    return answer(
        {
            "page": int(page),
            "limit": int(limit),
            "total_count": len(TEMPLATES),
            "data": [_listed(one) for one in list(TEMPLATES.values())[first : first + int(limit)]],
        }
    )


async def details(call: Call) -> Response:
    """Get Template Details."""
    call.query()
    template = TEMPLATES.get(call.part("template"))
    if template is None:
        raise Problem(404, "not_found", "There is no template with this id.")
    return answer(
        {
            "template_id": template.id,
            "type": "pdf",
            "name": template.name,
            "signing_type": template.signing_type,
            "signer_roles": [{"name": name, "group": group} for name, group in template.roles],
            "tags": [
                {"name": name, "type": "merge_tag", "is_required": required} for name, required in template.tags.items()
            ],
            "fields": [
                {"name": one.name, "type": one.kind, "is_required": one.required, "assigned_role": one.role}
                for one in template.fields
            ],
            "variables": [],
            "created_at": MADE_AT,
            "updated_at": MADE_AT,
        }
    )


ACTIONS: ActionTable = [("GET", "/templates", listed), ("GET", "/templates/{template}", details)]


def drawn(
    template: Template, tags: Mapping[str, str], fields: Mapping[str, str | bool], signers: Sequence[Signer]
) -> Drawn:
    """One page with the template's text, then each role's signature and the fields nobody has filled in yet; it blocks
    for some hundredths of a second."""
    filled = tuple(
        (one.name, _as_text(one, fields[one.name])) for one in template.fields if fields.get(one.name) not in (None, "")
    )
    pdf, places = _page(template.id, tuple(sorted(tags.items())), filled)
    people = {one.role: one.id for one in signers}
    return Drawn(pdf, tuple(place(people) for place in places))


def _as_text(field: FormField, value: str | bool) -> str:
    if field.kind == "checkbox":
        return "yes" if value in (True, "true") else "no"
    return str(value)


class _Place(NamedTuple):
    role: str
    kind: Any
    box: tuple[float, float, float, float]
    required: bool
    label: str

    def __call__(self, people: Mapping[str, str]) -> Placed:
        return Placed(people[self.role], self.kind, 0, *self.box, required=self.required, label=self.label)


@lru_cache(maxsize=64)
def _page(
    template_id: str, tags: tuple[tuple[str, str], ...], filled: tuple[tuple[str, str], ...]
) -> tuple[bytes, tuple[_Place, ...]]:
    template, values, known = TEMPLATES[template_id], dict(tags), dict(filled)
    sheet = Lettering(unit="mm", format="A4")
    sheet.set_margin(_MARGIN)
    # Equal requests make equal files, which are kept once.
    sheet.set_creation_date(moment_of(MADE_AT))
    sheet.add_page()
    sheet.set_font(TEXT, "B", 18)
    sheet.multi_cell(0, 12, drawable(template.name), align="L", new_x="LMARGIN", new_y="NEXT")
    sheet.set_font(TEXT, "", 11)
    for paragraph in template.text:
        for name in template.tags:
            paragraph = paragraph.replace(f"{{{name}}}", values.get(name, ""))
        sheet.multi_cell(0, _LINE, drawable(paragraph), align="L", new_x="LMARGIN", new_y="NEXT")
        sheet.ln(2)
    places = []
    for field in template.fields:
        if field.name in known:
            sheet.cell(0, _LINE, drawable(f"{field.name}: {known[field.name]}"), new_x="LMARGIN", new_y="NEXT")
        else:
            places.append(_Place(field.role, field.kind, _box(sheet, field.name), field.required, field.name))
    for role, _ in template.roles:
        places.append(_Place(role, "signature", _box(sheet, f"Signature of the {role}"), True, ""))
    return bytes(sheet.output()), tuple(places)


def _box(sheet: Lettering, words: str) -> tuple[float, float, float, float]:
    """Sets the words and leaves room for a field beside them."""
    sheet.ln(3)
    x, y, (width, height) = _MARGIN + 65, sheet.get_y(), _FIELD
    sheet.cell(60, height, drawable(words), new_x="LMARGIN", new_y="NEXT")
    return x / sheet.w, y / sheet.h, width / sheet.w, height / sheet.h


def _listed(template: Template) -> dict[str, Any]:
    return {
        "template_id": template.id,
        "type": "pdf",
        "name": template.name,
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
    }
