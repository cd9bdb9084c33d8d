"""The signatures of the providers that sign: a published vector, whole, cut, altered, and with old and new key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.signing.errors import InvalidWebhook
from connectors.signing.esignatures import ESignatures
from connectors.signing.lumin import Lumin
from connectors.signing.provider import Capability, Provider, ProviderSettings
from connectors.signing.registry import PROVIDERS
from connectors.signing.switchlabs import SwitchLabs

KEY, BODY = "Jefe", b"what do ya want for nothing?"
VECTOR = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
"""RFC 4231, test case 2, for HMAC-SHA256."""
LONG_KEY, LONG_BODY = "\x0b" * 20, b"Hi There"
LONG_VECTOR = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
"""Test case 1; its key is no key a provider hands out, so it stands among the further ones."""


@dataclass(frozen=True)
class Scheme:
    provider: type[Provider]
    account: Callable[..., ProviderSettings]
    header: str
    prefix: str = ""

    def verify(self, body: bytes, proof: str | None, *keys: str) -> None:
        settings = self.account(keys[0] if keys else KEY, keys[1:])
        self.provider.verify(settings, {} if proof is None else {self.header: proof}, body)

    def refuses(self, body: bytes, proof: str | None, *keys: str) -> bool:
        try:
            self.verify(body, proof, *keys)
        except InvalidWebhook:
            return True
        return False

    def sign(self, body: bytes, key: str = KEY) -> str:
        return self.prefix + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def account(provider: type[Provider], setting: str, **more: Any) -> Callable[..., ProviderSettings]:
    def made(key: str, older: tuple[str, ...] = ()) -> ProviderSettings:
        return provider.settings_class.model_validate({**more, setting: key, "webhook_secrets": older})

    return made


SCHEMES = {
    "esignatures": Scheme(ESignatures, account(ESignatures, "api_token"), "x-signature-sha256"),
    "lumin": Scheme(Lumin, account(Lumin, "api_key"), "x-signature"),
    "lumin, of an app": Scheme(Lumin, account(Lumin, "app_signing_secret", api_key="another"), "x-signature"),
    "switchlabs": Scheme(
        SwitchLabs, account(SwitchLabs, "webhook_secret", api_key="another"), "x-esign-signature", "sha256="
    ),
}


@pytest.fixture(params=SCHEMES.values(), ids=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    given: Scheme = request.param
    return given


def test_every_provider_that_signs_is_looked_at_here() -> None:
    signing = {one for one in PROVIDERS.values() if Capability.SIGNED_WEBHOOKS in one.capabilities}
    assert signing == {scheme.provider for scheme in SCHEMES.values()}


def test_the_published_vectors_are_genuine_with_their_keys_alone(scheme: Scheme) -> None:
    scheme.verify(BODY, scheme.prefix + VECTOR)
    scheme.verify(LONG_BODY, scheme.prefix + LONG_VECTOR, "another", LONG_KEY)
    assert scheme.refuses(BODY, scheme.prefix + VECTOR, "another", LONG_KEY)
    assert scheme.refuses(BODY, scheme.prefix + LONG_VECTOR)


def test_a_body_altered_by_a_bit_anywhere_is_turned_away(scheme: Scheme) -> None:
    for place in range(len(BODY)):
        altered = bytearray(BODY)
        altered[place] ^= 1
        assert scheme.refuses(bytes(altered), scheme.prefix + VECTOR)
    assert all(scheme.refuses(body, scheme.prefix + VECTOR) for body in (b"", BODY[:-1], BODY + b"\n", b" " + BODY))


def test_a_signature_cut_anywhere_is_turned_away(scheme: Scheme) -> None:
    whole = scheme.prefix + VECTOR
    assert all(scheme.refuses(BODY, whole[:length]) for length in range(len(whole)))
    assert all(scheme.refuses(BODY, whole[start:]) for start in range(1, len(whole)))
    assert scheme.refuses(BODY, whole + "0")
    assert scheme.refuses(BODY, f"{whole},{whole}")


@pytest.mark.parametrize("proof", [None, "", " ", "é" * 64, "\udcff", "٠" * 64, "\0", "sha256=", "0" * 64])
def test_what_is_no_signature_is_turned_away(scheme: Scheme, proof: str | None) -> None:
    assert scheme.refuses(BODY, proof)


def test_letters_beside_the_digits_are_not_passed_over(scheme: Scheme) -> None:
    assert scheme.refuses(BODY, scheme.prefix + VECTOR.replace("b", "в"))
    assert scheme.refuses(BODY, scheme.prefix + VECTOR[:32] + "\u200b" + VECTOR[32:])


def test_another_schemes_prefix_is_turned_away(scheme: Scheme) -> None:
    others = {"", "sha1=", "sha256=", "v1=", "hmac-sha256="} - {scheme.prefix}
    assert all(scheme.refuses(BODY, other + VECTOR) for other in others)


def test_while_keys_are_exchanged_both_are_valid_and_afterwards_the_new_one_alone(scheme: Scheme) -> None:
    old, new = scheme.sign(BODY, "old-key"), scheme.sign(BODY, "new-key")
    for proof in (old, new):
        scheme.verify(BODY, proof, "new-key", "old-key")  # the new one is the account's already
        scheme.verify(BODY, proof, "old-key", "new-key")  # it is not yet
    scheme.verify(BODY, new, "new-key")
    assert scheme.refuses(BODY, old, "new-key")
    assert scheme.refuses(BODY, scheme.sign(BODY, "third-key"), "new-key", "old-key")


def test_an_empty_key_among_others_proves_nothing(scheme: Scheme) -> None:
    assert scheme.refuses(BODY, scheme.sign(BODY, ""), "new-key", "")
