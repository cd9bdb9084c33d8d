"""`esign --help` answers at once: it loads the command's words and nothing that sends, stores or plans."""

from __future__ import annotations

import importlib
import inspect

import pytest
from cyclopts.command_spec import CommandSpec

from cli.main import app
from tests.cli.modules import loaded

HEAVY = {"prefect", "sqlalchemy", "alembic", "pydantic", "httpx", "aiohttp", "psutil", "click", "jinja2", "asyncio",
         "importlib.metadata"}  # fmt: skip
ROOMS = {"connectors", "recipes", "ledger", "blocks", "flows", "receiver", "sandbox"}
VERBS = {name: spec for name, spec in app._commands.items() if isinstance(spec, CommandSpec)}


@pytest.mark.parametrize("words", [("--help",), ()])
def test_help_loads_no_verb_no_room_and_nothing_they_need(words: tuple[str, ...]) -> None:
    page, modules = loaded(*words)
    assert set(VERBS) <= set(page.split())
    assert {"cli.main", "cyclopts"} <= modules
    assert {name for name in modules if name.startswith("cli.verbs") or weighs(name)} == set()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verbs_help_loads_that_verb_alone(verb: str) -> None:
    page, modules = loaded(verb, "--help")
    assert page.startswith(f"Usage: esign {verb} ")
    assert {name for name in modules if name.startswith("cli.verbs.")} == {f"cli.verbs.{verb}"}
    assert {name for name in modules if weighs(name)} == set()


@pytest.mark.parametrize("words", [("statsu",), ("status", "--nope"), ("batch",), ("plan", "nda")])
def test_a_slip_of_the_hand_is_answered_without_rooms(words: tuple[str, ...]) -> None:
    _, modules = loaded(*words, code=0 if words == ("batch",) else 2)
    assert {name for name in modules if weighs(name)} == set()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_page_of_all_verbs_says_of_each_what_it_says_of_itself(verb: str) -> None:
    module, _, name = VERBS[verb].import_path.partition(":")
    itself = getattr(importlib.import_module(module), name)
    if inspect.isfunction(itself):
        told = (inspect.getdoc(itself) or "").partition("\n\nParameters")[0]
        assert inspect.cleandoc(VERBS[verb].help or "") == told
    else:
        assert VERBS[verb].help


def weighs(name: str) -> bool:
    """Whether a module belongs to one of our rooms, or is one of those that take long to import."""
    return name.split(".")[0] in ROOMS or name in HEAVY
