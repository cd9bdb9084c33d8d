"""Prints docs/providers.md from the connectors' classes: `python -m cli.provider_page`. A test keeps the two equal."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence

from connectors.signing.answers import GENERAL, Rule
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    providers = list(PROVIDERS.values())
    yield "# Providers"
    yield ""
    yield "Printed from the code by `make docs`; do not edit. `esign plan` says for each sheet what happens instead of"
    yield "what a provider cannot do; `esign providers check PROVIDER/ACCOUNT` proves an account's credentials."
    yield ""
    yield "## What each can do by itself"
    yield ""
    yield from _table(
        ("", *(provider.title for provider in providers)),
        (
            (one.sentence, *("yes" if one in provider.capabilities else "–" for provider in providers))
            for one in Capability
        ),
    )
    for provider in providers:
        yield from _about(provider)
    yield "## Answers, for every provider"
    yield ""
    yield "A provider's own lines above go first; of these the first that fits counts."
    yield ""
    yield from _rules(GENERAL)


def _about(provider: type[Provider]) -> Iterator[str]:
    yield f"## {provider.title}"
    yield ""
    yield f"`{provider.name}` · reference: <{provider.docs}> · in the sandbox: `/{provider.sandbox_path}`"
    yield ""
    yield f"Webhooks: {provider.webhook_setup or 'the address goes out with each request.'}"
    if provider.by_way:
        yield f"The signed document: {provider.by_way}"
    if provider.leaves_out:
        yield f"There is no place for: {', '.join(f'`{name}`' for name in sorted(provider.leaves_out))}."
    yield ""
    yield from _table(
        ("documented call", "method", "what it does"),
        ((f"`{call}`", f"`{method}`", _first_line(provider, method)) for call, method in provider.calls.items()),
    )
    yield from _table(
        ("documented event", "in our words"), ((f"`{name}`", kind.value) for name, kind in provider.events.items())
    )
    if provider.rules:
        yield "Answers that mean something of their own here:"
        yield ""
        yield from _rules(provider.rules)


def _rules(rules: Sequence[Rule]) -> Iterator[str]:
    yield from _table(
        ("call", "status", "if", "error", "because"),
        ((_call(rule), _statuses(rule), _condition(rule), f"`{rule.error.__name__}`", rule.source) for rule in rules),
    )


def _call(rule: Rule) -> str:
    return " ".join(filter(None, (rule.call or "any", f"`{rule.path}…`" if rule.path else "")))


def _statuses(rule: Rule) -> str:
    first, last = rule.statuses[0], rule.statuses[-1]
    return "any other" if len(rule.statuses) > 500 else str(first) if first == last else f"{first}–{last}"


def _condition(rule: Rule) -> str:
    conditions = [
        f"the answer fits `{rule.body}`" if rule.body else "",
        "`Retry-After` is sent" if rule.promised else "",
    ]
    return " and ".join(filter(None, conditions)) or "–"


def _first_line(provider: type[Provider], method: str) -> str:
    text = inspect.getdoc(getattr(provider, method)) or ""
    sentence = " ".join(text.partition("\n\n")[0].split())
    return sentence.partition(". ")[0].rstrip(".") + "."


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
