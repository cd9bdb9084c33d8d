"""The mark in a webhook's path."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from connectors.signing.hooks import genuine, hook_url, key_id, token

NEW, OLD = SecretStr("the-newer-of-two-secrets"), SecretStr("the-older-of-two-secrets")


def test_a_mark_opens_its_own_address_and_no_other() -> None:
    mark = token(NEW, "esignatures", "default")
    assert genuine([NEW], "esignatures", "default", mark)
    assert not genuine([NEW], "esignatures", "sandbox", mark)
    assert not genuine([NEW], "lumin", "default", mark)
    assert not genuine([NEW], "esignatures", "default", mark, ref="E7K2M9Q4XW")


def test_a_mark_for_one_request_is_not_one_for_the_account() -> None:
    mark = token(NEW, "esignatures", "default", ref="E7K2M9Q4XW")
    assert genuine([NEW], "esignatures", "default", mark, ref="E7K2M9Q4XW")
    assert not genuine([NEW], "esignatures", "default", mark)


def test_parts_cannot_be_moved_from_one_to_the_next() -> None:
    assert token(NEW, "esign", "aturesdefault") != token(NEW, "esignatures", "default")


def test_while_a_secret_is_exchanged_marks_of_both_are_genuine() -> None:
    marks = [token(secret, "esignatures", "default") for secret in (NEW, OLD)]
    assert all(genuine([NEW, OLD], "esignatures", "default", mark) for mark in marks)
    assert [genuine([NEW], "esignatures", "default", mark) for mark in marks] == [True, False]


def test_without_a_secret_nothing_is_genuine() -> None:
    assert not genuine([], "esignatures", "default", token(NEW, "esignatures", "default"))
    assert not genuine([], "esignatures", "default", "")


@pytest.mark.parametrize("altered", ["", ".", "x", "é", "\udc80", "a" * 5000])
def test_whatever_else_is_sent_is_not_genuine(altered: str) -> None:
    assert not genuine([NEW], "esignatures", "default", altered)


def test_a_mark_with_one_letter_changed_is_not_genuine() -> None:
    mark = token(NEW, "esignatures", "default")
    for place, letter in enumerate(mark):
        other = mark[:place] + ("A" if letter != "A" else "B") + mark[place + 1 :]
        assert not genuine([NEW], "esignatures", "default", other)


def test_the_key_id_tells_secrets_apart_and_says_nothing_about_them() -> None:
    assert token(NEW, "esignatures", "default").startswith(key_id(NEW) + ".")
    assert key_id(NEW) != key_id(OLD)
    assert NEW.get_secret_value() not in token(NEW, "esignatures", "default")


def test_the_address_given_to_a_provider_is_made_with_the_newest_secret() -> None:
    url = hook_url("https://hooks.example.com/", [NEW, OLD], "esignatures", "a/b c")
    assert url == f"https://hooks.example.com/hooks/esignatures/a%2Fb%20c/{token(NEW, 'esignatures', 'a/b c')}"


def test_without_a_secret_no_address_is_given() -> None:
    with pytest.raises(ValueError, match="ESIGN_RECEIVER_SECRET"):
        hook_url("https://hooks.example.com", [], "esignatures", "default")
