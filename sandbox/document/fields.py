"""How the finished document shows what the signers filled in."""

from __future__ import annotations

from sandbox.document.markup import Line, Run
from sandbox.fields import fields_for
from sandbox.paper import Field, Paper, Party

_BOXES = {"checkbox": ("☐", "☑"), "radiobutton": ("◌", "◉")}


def filled_in(paper: Paper, line: Line, label: str) -> list[list[Run]]:
    """One text for everyone who fills in this field: its label and, in bold, the answer."""
    assert line.field is not None
    asked = [party for party in paper.parties if line.field in fields_for(paper, party)]
    if not asked:
        return [[Run(label)]]
    return [_answer(line.field, party, label, line.masked, named=len(asked) > 1) for party in asked]


def _answer(field: Field, party: Party, label: str, masked: bool, *, named: bool) -> list[Run]:
    value = (party.values or {}).get(field.id, "")
    whose = [Run(f" ({party.name})")] if named else []
    if box := _BOXES.get(field.kind):
        return [Run(f"{box[bool(value)]}  "), Run(label), *whose]
    shown = "••••••" if masked and value else value
    return (
        [Run(label), *whose, Run(": "), *_lines(shown)]
        if shown
        else [Run(label), *whose, Run(": ____________________")]
    )


def _lines(text: str) -> list[Run]:
    """The text in bold, with its line breaks."""
    runs: list[Run] = []
    for line in text.splitlines():
        runs += [Run("\n"), Run(line, bold=True)] if runs else [Run(line, bold=True)]
    return runs
