"""The search itself: a word is found however it was written down, and nothing is found that is not there."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from tests.privacy.search import finds

WORD = "q7canary"
TEXT = 'Q7canary07-name "Ünal" <q7canary07-address@example.com>'

WRITINGS: dict[str, Callable[[str], bytes]] = {
    "plain text": str.encode,
    "capitals": lambda text: text.upper().encode(),
    "JSON": lambda text: json.dumps(text).encode(),
    "JSON within JSON": lambda text: json.dumps(json.dumps(text)).encode(),
    "a URL": lambda text: quote(text, safe="").encode(),
    "a form": lambda text: quote_plus(text).encode(),
    "a URL that escapes every letter": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "JSON that escapes every letter": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text).encode(),
    "a Python literal that escapes every byte": lambda text: "".join(
        f"\\x{byte:02x}" for byte in text.encode()
    ).encode(),
    "HTML that escapes every letter": lambda text: "".join(f"&#{ord(letter)};" for letter in text).encode(),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "UTF-16": lambda text: text.encode("utf-16-le"),
    "Base64": lambda text: base64.b64encode(text.encode()),
    "Base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()),
    "Base64 in lines": lambda text: base64.encodebytes(b"\x80" * 50 + text.encode()),
    "Base64 in lines, in JSON": lambda text: json.dumps(
        base64.encodebytes(b"\x80" * 50 + text.encode()).decode()
    ).encode(),
    "HTTP Basic": lambda text: b"Basic " + base64.b64encode(text.encode() + b":"),
}


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("before", range(4))
def test_a_word_is_found_in(writing: str, before: int) -> None:
    content = b"something before " + WRITINGS[writing]("x" * before + TEXT) + b" something behind"
    assert finds({"a place": content}, WORD)


def test_a_find_says_where_it_was() -> None:
    (find, *_) = finds({"a place": b"nothing", "another place": b"Dear Q7CANARY07,"}, "something else", WORD)
    assert find.place == "another place" and "Dear Q7CANARY07" in str(find)


def test_nothing_is_found_where_nothing_is() -> None:
    noise = random.Random(7).randbytes(300_000)
    assert not finds({"noise": noise, "coded": base64.b64encode(noise), "words": b"canary q7 anary7q" * 1000}, WORD)
