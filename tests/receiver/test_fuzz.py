"""Whatever bytes come: only what is documented is raised, and nothing altered is taken for genuine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.signing.errors import InvalidWebhook
from connectors.signing.model import Event
from connectors.signing.registry import PROVIDERS
from tests.examples import examples
from tests.receiver.test_schemes import SCHEMES

PAYLOADS = Path(__file__).parents[1] / "connectors" / "payloads"
RECORDED = {name: [file.read_bytes() for file in sorted((PAYLOADS / name).glob("*.json"))] for name in PROVIDERS}
"""Webhooks, and the provider's other answers, too: somebody might send one to the wrong address."""

bounds = settings(max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.too_slow])
names = st.sampled_from(sorted(PROVIDERS))
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("9" * 400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, one in inner for path in paths(one, (*here, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same JSON value with another in one place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


@st.composite
def rebuilt(draw: Callable[..., Any], name: str) -> bytes:
    """A recorded body with something odd in one to three places."""
    value = json.loads(draw(st.sampled_from(RECORDED[name])))
    for _ in range(draw(st.integers(1, 3))):
        value = changed(value, draw(st.sampled_from(paths(value))), draw(odd))
    return json.dumps(value).encode()


@st.composite
def damaged(draw: Callable[..., Any], name: str) -> bytes:
    """A recorded body with bytes changed, left out, or put in."""
    body = draw(st.sampled_from(RECORDED[name]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 12)))
        body = body[:start] + draw(st.binary(max_size=12)) + body[end:]
    return bytes(body)


def bodies(name: str) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=200) | damaged(name) | rebuilt(name)


headers = st.dictionaries(
    st.sampled_from([*(scheme.header for scheme in SCHEMES.values()), "content-type", "x-request-id"]),
    st.text(max_size=90),
    max_size=4,
)


@pytest.mark.parametrize("name", sorted(PROVIDERS))
@pytest.mark.parametrize("ref", [None, "E7K2M9Q4XW"])
def test_parsing_gives_an_event_or_a_sentence_of_ours_and_never_quotes_the_body(name: str, ref: str | None) -> None:
    @bounds
    @given(bodies(name))
    def any_body(body: bytes) -> None:
        try:
            assert isinstance(PROVIDERS[name].parse(body, ref=ref), Event)
        except ValueError as problem:
            assert type(problem) is ValueError
            assert str(problem).endswith(".")
            assert "example.com" not in str(problem)

    any_body()


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_delivery_has_an_identity_and_the_same_one_each_time(name: str) -> None:
    @bounds
    @given(bodies(name), headers, st.sampled_from([None, "E7K2M9Q4XW"]))
    def any_delivery(body: bytes, given_headers: dict[str, str], ref: str | None) -> None:
        identity = PROVIDERS[name].delivery_id(given_headers, body, ref=ref)
        assert 0 < len(identity) < 1000
        assert identity == PROVIDERS[name].delivery_id(dict(given_headers), bytes(body), ref=ref)

    any_delivery()


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_no_altered_body_is_genuine(name: str) -> None:
    scheme = SCHEMES[name]
    recorded = RECORDED[scheme.provider.name]

    @bounds
    @given(bodies(scheme.provider.name), st.sampled_from(recorded))
    def any_change(body: bytes, signed: bytes) -> None:
        assume(body != signed)
        proof = scheme.sign(signed)
        scheme.verify(signed, proof)
        assert scheme.refuses(body, proof)

    any_change()


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_no_headers_prove_a_body_that_was_not_signed(name: str) -> None:
    scheme = SCHEMES[name]

    @bounds
    @given(bodies(scheme.provider.name), headers)
    def any_headers(body: bytes, given_headers: dict[str, str]) -> None:
        with pytest.raises(InvalidWebhook):
            scheme.provider.verify(scheme.account("a-key"), given_headers, body)

    any_headers()
