"""What a provider cannot do is said before the first row, or refused, by name."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.signing.errors import Unsupported
from connectors.signing.model import Document, SignatureRequest, Signer
from connectors.signing.registry import PROVIDERS
from flows.send.instead import Needs, instead, refuse_false_trial

TEXT = "# Terms\n\n[[sign:us]] [[date:us]]"


def request(markdown: str = TEXT, **more: Any) -> SignatureRequest:
    given: dict[str, Any] = {
        "title": "Terms",
        "document": Document(markdown=markdown),
        "signers": (Signer(role="us", name="Signer One", email="person01@example.com"),),
    }
    return SignatureRequest(**{**given, **more})


def notes(provider: str, asked: SignatureRequest, *, reminders: bool = False, mail: str | None = None) -> str:
    return "\n".join(instead(PROVIDERS[provider], asked, reminders=reminders, mail=mail))


def test_nothing_is_said_of_a_provider_that_can_do_it_all() -> None:
    assert (
        notes("esignatures", request(expires_in_hours=24, message="Hello", reply_to="a@example.com"), reminders=True)
        == ""
    )


def test_reminders_are_ours_where_there_is_mail_and_nobody_s_where_there_is_none() -> None:
    assert "ESIGN_MAIL" in notes("switchlabs", request(), reminders=True)
    assert "go out from here" in notes("switchlabs", request(), reminders=True, mail="email-server-credentials/office")
    assert "remind" not in notes("lumin", request(), reminders=True)


@pytest.mark.parametrize(
    ("provider", "words"), [("leap", "is withdrawn there"), ("switchlabs", "stays open there"), ("lumin", "")]
)
def test_a_deadline_is_ours_where_the_provider_has_none(provider: str, words: str) -> None:
    said = notes(provider, request(expires_in_hours=24))
    assert (words in said) and ("deadline" in said) == bool(words)


def test_without_a_document_the_way_round_is_offered() -> None:
    assert "`copies_to`" in notes("leap", request())
    assert "evidence alone" in notes("switchlabs", request())


def test_a_signer_without_a_place_signs_on_an_added_page() -> None:
    assert "[[sign:us]]" in notes("lumin", request("# Terms"))
    assert "[[sign:us]]" not in notes("lumin", request())


def test_places_that_are_not_used_and_labels_that_are_not_shown_are_told() -> None:
    assert "does not use the places" in notes("leap", request())
    assert "labels" in notes("switchlabs", request(f"{TEXT}\n\n[[check:us|I agree]]"))


def test_a_template_takes_the_place_of_the_document() -> None:
    said = notes("docsautomator", request(document=Document(template="aut_1"), message="Hello"))
    assert "template aut_1" in said
    assert "the message" in said


@pytest.mark.parametrize(
    ("provider", "asked"),
    [
        ("lumin", request(f"{TEXT}\n\n[[check:us|I agree]]")),
        ("leap", request(f"{TEXT}\n\n[[text:us|City]]")),
        ("docsautomator", request()),
        ("switchlabs", request(document=Document(template="t1"))),
        ("esignatures", request(document=Document(pdf=b"%PDF-1.7"))),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(provider: str, asked: SignatureRequest) -> None:
    with pytest.raises(Unsupported, match=PROVIDERS[provider].title):
        needs = Needs(PROVIDERS[provider])
        needs.look(asked)
        needs.require()


def test_a_trial_that_would_reach_people_is_refused_and_the_sandbox_is_not() -> None:
    lumin = PROVIDERS["lumin"]
    real = str(lumin.settings_class.model_fields["base_url"].default)
    with pytest.raises(Unsupported, match="ESIGN_LUMIN_MODE=live"):
        refuse_false_trial(lumin, "default", "test", f"{real}/")
    refuse_false_trial(lumin, "default", "live", real)
    refuse_false_trial(lumin, "mine", "test", "http://127.0.0.1:8095/lumin/v1")
    refuse_false_trial(PROVIDERS["esignatures"], "default", "test", "https://esignatures.com/api")
