"""The template language says little, so that nothing can go wrong in it."""

from __future__ import annotations

import time
from datetime import date

import pytest
from jinja2 import TemplateError

from recipes.language import LONGEST, LanguageError, check, fill


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ a | upper }}", "XY"),
        ("{% if a %}yes{% else %}no{% endif %}", "yes"),
        ("{% if empty %}yes{% else %}no{% endif %}", "no"),
        ("{{ empty or 'nobody' }}", "nobody"),
        ("{% for n in range(3) %}{{ loop.index }}{% endfor %}", "123"),
        ("{% set b = a ~ '!' %}{{ b }}", "xy!"),
        ("{{ day | long_date }}, {{ day }}", "5 March 2026, 2026-03-05"),
        ("{{ empty | long_date }}", ""),
        ("{{ n + 1 }}", "4"),
    ],
)
def test_what_templates_can_say(template: str, text: str) -> None:
    values = {"a": "xy", "empty": "", "n": 3, "day": date(2026, 3, 5)}
    check(template, values)
    assert fill(template, values) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ a.__class__ }}",
        "{{ a.upper() }}",
        "{{ a['__class__'] }}",
        "{{ a | attr('__class__') }}",
        "{{ a * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ a | center(1000000000) }}",
        "{{ ''.join(a) }}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as x %}",
        "{% extends 'x' %}",
        "{% set x %}{{ a }}{% endset %}",
        "{% autoescape true %}{{ a }}{% endautoescape %}",
        "{% for b in a recursive %}{{ loop(b) }}{% endfor %}",
        "{% for i in a %}{% for j in a %}{% for k in a %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ namespace(x=1) }}",
        "{{ lipsum() }}",
        "{{ cycler('a') }}",
        "{{ unknown }}",
        "{% if a is defined and unknown %}{% endif %}",
        "{{ a",
        "{% if a %}",
    ],
)
def test_what_templates_cannot_say(template: str) -> None:
    with pytest.raises(LanguageError):
        check(template, {"a"})


def test_a_loop_has_an_end() -> None:
    started = time.monotonic()
    with pytest.raises(TemplateError):
        fill("{% for i in range(10000000) %}{% endfor %}", {})
    with pytest.raises(TemplateError):
        fill("{% for i in range(1000) %}{% for j in range(1000) %}{{ a }}{% endfor %}{% endfor %}", {"a": "x" * 9})
    assert time.monotonic() - started < 5


def test_a_text_has_an_end() -> None:
    assert len(fill("{{ a }}", {"a": "x" * LONGEST})) == LONGEST
    with pytest.raises(TemplateError):
        fill("{{ a }}", {"a": "x" * (LONGEST + 1)})


def test_a_value_is_never_taken_for_a_template() -> None:
    assert fill("{{ a }}", {"a": "{{ b }}{% if %}{#"}) == "{{ b }}{% if %}{#"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ row }}", "before a column's name only"),
        ("{% set row = a %}{{ row.x }}", "before a column's name only"),
        ("{% for row in a %}{{ row.x }}{% endfor %}", "before a column's name only"),
        ("{{ row.__class__ }}", "small letters"),
        ("{{ row.cost.centre }}", "no parts"),
        ("{{ row.cost() }}", "nothing can be called"),
        ("{{ row.A }}", "small letters"),
        ("{{ row.sign_er }}", "the column signer is declared"),
        ("{{ row.esign_status }}", "one we write"),
    ],
)
def test_other_columns_are_asked_for_by_name_alone(template: str, said: str) -> None:
    with pytest.raises(LanguageError, match=said):
        check(template, ["a", "signer", "row"])


def test_a_campaign_is_nobodys_row() -> None:
    with pytest.raises(LanguageError, match="no column here"):
        check("{{ row.x }}", ["year", "month"])
