"""Reads a web page as far as somebody who fills in forms has to: links, forms, and marked words."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_CHOICES = ("checkbox", "radio")


@dataclass
class Control:
    """One control of a form; for checkboxes and radio buttons `value` is what ticking it sends."""

    name: str
    kind: str
    value: str = ""
    required: bool = False
    ticked: bool = False
    options: list[str] = field(default_factory=list)


@dataclass
class Form:
    """One form and its controls, in order."""

    action: str
    controls: list[Control] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether it has a control of that name."""
        return any(control.name == name for control in self.controls)


@dataclass
class Link:
    """One link; `rel` as written."""

    href: str
    rel: str


class Page(HTMLParser):
    """A page that has been read; `to` is the text of the first element with that class."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self.to = ""
        self._form: Form | None = None
        self._option: str | None = None
        self._reading_to: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.links.append(Link(found["href"], found.get("rel", "")))
        if "to" in found.get("class", "").split() and not self.to:
            self._reading_to = tag
        if tag == "form":
            self._form = Form(found.get("action", ""))
            self.forms.append(self._form)
        elif self._form is not None:
            self._control(self._form, tag, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == self._reading_to:
            self._reading_to = None

    def handle_data(self, data: str) -> None:
        if self._reading_to is not None:
            self.to = (self.to + data).strip()

    def _control(self, form: Form, tag: str, found: dict[str, str]) -> None:
        if tag in ("input", "select", "textarea", "button") and found.get("name") and "disabled" not in found:
            kind = found.get("type", "text").lower() if tag == "input" else tag
            value = found.get("value", "on" if kind in _CHOICES else "")
            form.controls.append(Control(found["name"], kind, value, "required" in found, "checked" in found))
        elif tag == "option" and form.controls and form.controls[-1].kind == "select":
            select = form.controls[-1]
            value = found.get("value", "")
            select.options.append(value)
            if "selected" in found:
                select.value = value
