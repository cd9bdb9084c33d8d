"""The providers there are; one more is one more line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from connectors.signing.provider import Provider


class Registry(Mapping[str, type[Provider]]):
    """Providers by their word, which is their file's name too; each is imported when it is first asked for, so that
    nobody waits for those that are not used."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes
        self._imported: dict[str, type[Provider]] = {}

    def __getitem__(self, name: str) -> type[Provider]:
        if name not in self._imported:
            word = self._classes[name]  # first: what comes from outside imports nothing
            kind: type[Provider] = getattr(import_module(f"connectors.signing.{name}"), word)
            self._imported[name] = kind
        return self._imported[name]

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


PROVIDERS: Mapping[str, type[Provider]] = Registry(
    {
        "docsautomator": "DocsAutomator",
        "esignatures": "ESignatures",
        "leap": "Leap",
        "lumin": "Lumin",
        "switchlabs": "SwitchLabs",
    }
)
