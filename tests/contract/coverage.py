"""Which documented call and event is tested where: prints docs/coverage.md (`python -m tests.contract.coverage`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import TypeVar

from connectors.signing.registry import PROVIDERS
from tests.connectors.contract import ProviderContract
from tests.contract.at_the_sandbox import AtTheSandbox

Row = tuple[str, str, str, str, str]


def rows() -> Iterator[Row]:
    """Provider, documented call or event, our word for it, its test on payloads, its test at the sandbox."""
    for name, provider in PROVIDERS.items():
        payloads = _suite(f"tests.connectors.test_{name}", ProviderContract)
        dialect = _suite(f"tests.contract.test_{name}", AtTheSandbox)
        for call, method in provider.calls.items():
            yield (
                name,
                call,
                f"{method}()",
                payloads.__name__ if payloads and call in payloads.speaks else "",
                dialect.__name__ if dialect and call in dialect.speaks else "",
            )
        for event, kind in provider.events.items():
            delivered = payloads is not None and event in {one.partition(" ")[0] for one in payloads.events}
            yield (
                name,
                event,
                kind.value,
                payloads.__name__ if payloads and delivered else "",
                # that every event is told there is what `test_every_documented_event_is_told_and_understood` demands
                dialect.__name__ if dialect and dialect.provokes else "",
            )


T = TypeVar("T")


def _suite(module: str, kind: type[T]) -> type[T] | None:
    """The test class of that kind in a module; None where there is none."""
    try:
        found = vars(import_module(module)).values()
    except ModuleNotFoundError:
        return None
    suites = [one for one in found if isinstance(one, type) and issubclass(one, kind) and one is not kind]
    return suites[0] if suites else None


def page() -> str:
    """The table as Markdown."""
    lines = [
        "# What is tested where",
        "",
        "Every documented call and webhook event of every provider, and the two suites it is held against: payloads as",
        "the provider documents them, and the sandbox's dialect over HTTP. Printed from the code by `make docs`.",
        "",
        "| provider | documented call or event | connector | on payloads | at the sandbox |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {name} | `{what}` | `{ours}` | {payload} | {dialect} |" for name, what, ours, payload, dialect in rows()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
