"""Turns a document's marks into eSignatures' own signer fields, which stand in its Markdown, one at the end of a line.

A field is a JSON object in backticks, the very last thing on its line, after the words that say what it is for
([docs] "Markdown syntax"); one a line and none in a table ([mcp], as in `connectors.signing.esignatures`). The place
people sign in is added by the provider below the text, so a mark for a signature goes and leaves nothing behind.
Nobody's words are lost: only marks, and what they leave empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from connectors.signing.anchors import ANCHOR, Anchor, anchors
from connectors.signing.errors import Unsupported
from connectors.signing.model import FieldKind, Signer

LINE_TYPES = {
    FieldKind.INITIALS: "text-input",
    FieldKind.DATE: "date",
    FieldKind.TEXT: "text-input",
    FieldKind.CHECKBOX: "checkbox",
}
"""[docs] "Markdown syntax": `line_type`. There is none for initials, so they are typed."""

CAPTIONS = {
    FieldKind.INITIALS: "Initials",
    FieldKind.DATE: "Date",
    FieldKind.TEXT: "Text",
    FieldKind.CHECKBOX: "Confirmed",
}
"""What a field without a label is called, before the role of whoever fills it in."""

Cut = tuple[str, Anchor]
"""A mark and the text between it and the one before."""

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_CODE = re.compile(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)")
_PREFIX = re.compile(r"(?P<indent>[\s>]*)(?P<item>(?:[-*+]|\d{1,9}[.)])\s+)?(?P<heading>#{1,6}\s+)?")
_NO_WORDS = re.compile(r"<br\s*/?>|&nbsp;|[\W_]", re.IGNORECASE)


def with_signer_fields(markdown: str, signers: Sequence[Signer]) -> str:
    """The text as eSignatures takes it. A text without marks stays as it is, to the letter.

    Raises `Unsupported`, naming the role, for a mark that belongs to nobody or to somebody the provider has no word
    for: it knows the first, the second and the last to sign.
    """
    if not any(True for _ in anchors(markdown)):
        return markdown
    page = _Page(_Fields(signers))
    for run in _runs([_without_date_of_signing(line) for line in markdown.split("\n")]):
        page.write(run)
    return "\n".join(page.lines)


def refuse_fields(markdown: str, signers: Sequence[Signer]) -> None:
    """Raise `Unsupported` where `with_signer_fields` does; most texts need not be written anew to know that."""
    marks = tuple(match[0] for match in ANCHOR.finditer(markdown))
    if not _sayable(marks, tuple((signer.role, signer.order) for signer in signers)):
        with_signer_fields(markdown, signers)  # it knows which marks are text, in code or after a backslash


@lru_cache(maxsize=64)
def _sayable(marks: Sequence[str], signers: Sequence[tuple[str, int]]) -> bool:
    """Whether there is a word for each of these marks; they are the same in row after row."""
    fields = _Fields([Signer(role=role, name="", email="", order=order) for role, order in signers])
    try:
        for mark in marks:
            for _, anchor in anchors(mark):
                fields.who(anchor)
    except Unsupported:
        return False
    return True


def _without_date_of_signing(line: str) -> str:
    """A date beside the same person's signature, on a line of nothing but marks, goes with it: the provider's own
    signature block has one [mcp]."""
    if "[[" not in line or ANCHOR.sub("", line).strip() or line.startswith("    "):
        return line
    signing = {anchor.role for _, anchor in anchors(line) if anchor.kind is FieldKind.SIGNATURE}
    for match, anchor in anchors(line):
        if anchor.kind is FieldKind.DATE and anchor.role in signing:
            line = line.replace(match[0], f"[[sign:{anchor.role}]]")
    return line


class _Fields:
    """The fields of one document, each with an id of its own."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        in_turn = sorted(signers, key=lambda signer: signer.order)
        self._roles = [signer.role for signer in in_turn]
        self._ids: set[str] = set()

    def settings(self, anchor: Anchor) -> str | None:
        """What stands at the end of the field's line; `None` for a signature."""
        who = self.who(anchor)
        if anchor.kind is FieldKind.SIGNATURE:
            return None
        said = {
            "line_type": LINE_TYPES[anchor.kind],
            "input_type": who,
            "input_required": "yes" if anchor.required else "no",
            "signer_field_id": self._id(anchor),
        }
        return f"`{json.dumps(said)}`"

    def who(self, anchor: Anchor) -> str | None:
        """The provider's word for whoever fills in a field. Raises `Unsupported` where there is none."""
        roles = self._roles
        if anchor.role not in roles:
            raise Unsupported(f"eSignatures cannot be told that {anchor.role} fills in a field: nobody has this role.")
        words = {len(roles) - 1: "only_last_signer", 1: "only_second_signer", 0: "only_first_signer"}
        who = words.get(roles.index(anchor.role))
        if who is None and anchor.kind is not FieldKind.SIGNATURE:
            raise Unsupported(
                f"eSignatures has no {anchor.kind.value} field for {anchor.role}: it knows the first, the second and "
                "the last to sign."
            )
        return who

    def _id(self, anchor: Anchor) -> str:
        """In snake_case, and never twice [mcp]."""
        label = "_".join(re.findall(r"[a-z0-9]+", anchor.label.lower()))[:40]
        plain = f"{anchor.role.replace('-', '_')}_{label or anchor.kind.value}"
        number = 1
        while (name := plain if number == 1 else f"{plain}_{number}") in self._ids:
            number += 1
        self._ids.add(name)
        return name


class _Page:
    """The text as it is written anew."""

    def __init__(self, fields: _Fields) -> None:
        self.lines: list[str] = []
        self._fields = fields
        self._waiting: list[str] = []
        self._apart = False
        self._emptied = False

    def write(self, run: Sequence[str]) -> None:
        """Write the lines between two blank ones, or a blank one, or a fenced block; its fields are below it then."""
        rule = next((at for at, line in enumerate(run) if at and _is_rule(line)), len(run) + 1)
        if not run[0].strip():
            self._blank(run[0])
        elif _FENCE.match(run[0]):
            self._put(*run)
        else:
            for line in run[: rule - 1]:
                self._line(line)
            self._table(run[rule - 1 :])
        self._below()

    def _line(self, line: str) -> None:
        if "[[" not in line and not self._waiting:  # most lines, in each row of a sheet
            self._put(line)
            return
        lead = _prefix(line)
        if lead["item"]:
            self._below()
        cuts, rest = _cut(line)
        if not cuts:
            self._put(line)
            return
        cuts[0] = (cuts[0][0].removeprefix(lead[0]), cuts[0][1])
        captions = None if lead["heading"] else _captions(cuts, rest)
        if captions is None:
            self._sentence(lead, cuts, rest)
        else:
            self._form(lead, [(caption, anchor) for (_, anchor), caption in zip(cuts, captions, strict=True)])

    def _form(self, lead: re.Match[str], cuts: Sequence[Cut]) -> None:
        """A line each for marks with their captions; items of a list follow one another without a gap."""
        tight = lead["item"] is not None
        for caption, anchor in cuts:
            settings = self._fields.settings(anchor)
            if settings is not None:
                self._own_line(f"{lead[0]}{caption or _caption(anchor)} {settings}", tight=tight)
            elif caption:
                self._own_line(lead[0] + caption, tight=tight)
            else:
                self._drop(tight=tight)

    def _sentence(self, lead: re.Match[str], cuts: Sequence[Cut], rest: str) -> None:
        """A line whose marks stand amid its words: they become references to the fields below."""
        inside = lead["indent"] + ("    " if lead["item"] else "")
        text = ""
        for before, anchor in cuts:
            text = _joined(text, before)
            settings = self._fields.settings(anchor)
            if settings is not None:
                text = f"{text.rstrip()} ({_caption(anchor)})".lstrip()
                self._waiting.append(f"{inside}{_caption(anchor)} {settings}")
        text = _joined(text, rest).strip()
        if _words("".join(before for before, _ in cuts) + rest):
            self._put(lead[0] + text)
        else:
            self._drop(tight=False)

    def _table(self, rows: Sequence[str]) -> None:
        """A table; rows that held nothing but marks go, and the whole of it where no other is left."""
        if not rows:
            return
        head, rule, *body = rows
        shown, _ = self._row(head)
        kept = [text for text, stays in map(self._row, body) if stays]
        if not kept and not _words(shown) and (body or shown != head):
            self._drop(tight=False)
        else:
            self._put(shown, rule, *kept)

    def _row(self, line: str) -> tuple[str, bool]:
        """A row with references in the place of its marks, and whether it is more than an emptied one."""
        cuts, rest = _cut(line)
        text = ""
        for before, anchor in cuts:
            settings = self._fields.settings(anchor)
            text = _apart(text, before)
            if settings is not None:
                text += f"({_caption(anchor)})"
                self._waiting.append(f"{_caption(anchor)} {settings}")
        return _apart(text, rest), not cuts or _words("".join(before for before, _ in cuts) + rest)

    def _below(self) -> None:
        waiting, self._waiting = self._waiting, []
        for field in waiting:
            self._own_line(field, tight=False)

    def _own_line(self, line: str, *, tight: bool) -> None:
        """A line that belongs to no paragraph, so that its end is the end of a paragraph too."""
        self._apart = self._apart or not tight
        self._put(line)
        self._apart = not tight

    def _put(self, *lines: str) -> None:
        if self._apart and self.lines and self.lines[-1].strip():
            self.lines.append("")
        self.lines += lines
        self._apart = self._emptied = False

    def _blank(self, line: str) -> None:
        if not self._emptied or (self.lines and self.lines[-1].strip()):
            self.lines.append(line)

    def _drop(self, *, tight: bool) -> None:
        self._emptied = True
        self._apart = self._apart or not tight


def _runs(lines: Sequence[str]) -> Iterator[list[str]]:
    """The text in pieces: blank lines, fenced blocks, and what stands between those."""
    run: list[str] = []
    fence = ""
    for line in lines:
        opens = _FENCE.match(line)
        if fence:
            run.append(line)
            if re.fullmatch(rf" {{0,3}}{fence[0]}{{{len(fence)},}}\s*", line):
                yield run
                run, fence = [], ""
            continue
        if (opens or not line.strip()) and run:
            yield run
            run = []
        if opens:
            run, fence = [line], opens[1]
        elif line.strip():
            run.append(line)
        else:
            yield [line]
    if run:
        yield run


def _is_rule(line: str) -> bool:
    """Whether a line is the rule below a table's head."""
    return "|" in line and "-" in line and set(line) <= set("|:- \t\r")


def _prefix(line: str) -> re.Match[str]:
    match = _PREFIX.match(line)
    assert match is not None  # it fits nothing as well
    return match


def _cut(line: str) -> tuple[list[Cut], str]:
    """The line cut at its marks, and what follows the last; in code, and after a backslash, a mark is text."""
    if "[[" not in line:
        return [], line
    code = [match.span() for match in _CODE.finditer(line)]
    cuts: list[Cut] = []
    end = 0
    for match, anchor in anchors(line):
        start = match.start()
        escaped = (start - len(line[:start].rstrip("\\"))) % 2
        if not escaped and not any(first <= start < last for first, last in code):
            cuts.append((line[end:start], anchor))
            end = match.end()
    return cuts, line[end:]


def _captions(cuts: Sequence[Cut], rest: str) -> list[str] | None:
    """What each mark of a line is for, by the words around it; `None` for a sentence that goes on around its marks.

    The words stand before a mark and end in a colon, or a mark ends the line; what is ticked has them behind it.
    """
    texts = [text for text, _ in cuts]
    if all(anchor.kind is FieldKind.CHECKBOX for _, anchor in cuts) and not _words(texts[0]) and _words(rest):
        texts = [*texts[1:], rest]
    elif _words(rest) or not (len(texts) == 1 or all(_announces(text) for text in texts)):
        return None
    else:
        closing = re.match(r"\s*([*_)]*)", rest)
        texts[-1] = texts[-1].rstrip() + (closing[1] if closing else "")
    return [text.strip() if _words(text) else "" for text in texts]


def _announces(text: str) -> bool:
    return not _words(text) or text.rstrip("*_ \t").endswith(":")


def _caption(anchor: Anchor) -> str:
    """What a field is called that has no words of its own around it."""
    return anchor.label.replace("`", "'") or f"{CAPTIONS[anchor.kind]}, {anchor.role}"


def _words(text: str) -> bool:
    """Whether there is a letter or a digit in a text."""
    return bool(_NO_WORDS.sub("", text))


def _apart(text: str, more: str) -> str:
    """Both, with a space between two words that a mark has kept apart."""
    return f"{text} {more}" if text[-1:].isalnum() and more[:1].isalnum() else text + more


def _joined(text: str, more: str) -> str:
    """Two ends put together where a mark was taken out between them."""
    if not text.strip() or not more.strip():
        return text if text.strip() else more
    return text.rstrip() + ("" if more.lstrip()[0] in ".,;:)!?" else " ") + more.lstrip()
