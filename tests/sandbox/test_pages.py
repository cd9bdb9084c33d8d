"""The pages as anything that speaks HTTP sees them, over the real sandbox."""

from __future__ import annotations

import asyncio
import base64
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sandbox.forms import Form, Page
from sandbox.pages.forms import LIMIT_BYTES
from sandbox.pages.signature import from_form
from sandbox.paper import Refused
from tests.sandbox.papers import ink
from tests.sandbox.running import Customer, Person

FIELDS = """# Terms

Flat `{"line_type": "text-input", "input_type": "every_signer", "input_required": "yes", "signer_field_id": "flat"}`
Secret `{"line_type": "text-input", "input_type": "only_first_signer", "masked": "yes", "signer_field_id": "secret"}`
Day `{"line_type": "date", "input_type": "only_second_signer"}`
Place `{"line_type": "select-input", "select_values": ["Yard", "Cellar"], "input_type": "every_signer"}`
Yes `{"line_type": "checkbox", "input_type": "every_signer"}`
"""
FLAT = {"field[flat]": "12 b"}


async def links(customer: Customer, *emails: str, **more: Any) -> list[str]:
    emails = emails or ("person01@example.com", "person02@example.com")
    return [signer["sign_page_url"] for signer in (await customer.create(*emails, **more))["signers"]]


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


async def states(customer: Customer) -> list[str]:
    found = await customer.admin("/contracts")
    contracts = found["contracts"] if isinstance(found, dict) else found
    return [signer["state"] for contract in contracts for signer in contract["signers"]]


def form_with(page: str, control: str) -> Form:
    return next(form for form in Page(page).forms if form.has(control))


async def test_the_page_says_who_asks_who_signs_in_which_order_and_that_nothing_binds(
    customer: Customer, person: Person
) -> None:
    first, _ = await links(customer, title="House <rules> & more")
    answer = await person.browser.get(first)
    assert answer.status_code == 200
    assert '<html lang="en">' in answer.text
    assert "This is a sandbox for trying out. Nothing that happens here binds anybody." in answer.text
    assert "House &lt;rules&gt; &amp; more" in answer.text
    assert answer.text.index("Signer One") < answer.text.index("Signer Two")
    assert "person02@example.com" not in answer.text


async def test_the_extended_syntax_becomes_this_signers_fields_and_lines_about_the_others(
    customer: Customer, person: Person
) -> None:
    first, _ = await links(customer, markdown=FIELDS)
    text = (await person.browser.get(first)).text
    assert "line_type" not in text
    names = [control.name for control in form_with(text, "consent").controls]
    assert [name for name in names if name.startswith("field[")] == [
        "field[flat]",
        "field[secret]",
        "field[field-4]",
        "field[field-5]",
    ]
    assert "to be filled in by Signer Two" in text


async def test_html_scripts_and_pictures_in_a_document_are_shown_as_text(customer: Customer, person: Person) -> None:
    evil = '<img src=x onerror=alert(1)> ![p](https://elsewhere.example/p.png) [x](javascript:alert(1)) "><script>'
    first, _ = await links(customer, markdown=evil, title='"><script>alert(1)</script>')
    text = (await person.browser.get(first)).text
    assert "<img" not in text
    assert "<script>" not in text
    assert 'href="javascript' not in text


async def test_every_page_forbids_scripts_of_others_caches_referrers_and_frames(
    customer: Customer, person: Person
) -> None:
    first, second = await links(customer)
    for address in (first, second, f"{customer.url}/mailbox", f"{customer.url}/sign/unknown"):
        headers = (await person.browser.get(address)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"


async def test_embedded_drops_the_header_and_may_be_framed_but_keeps_the_notice(
    customer: Customer, person: Person
) -> None:
    first, _ = await links(customer)
    answer = await person.browser.get(first + "?embedded=yes")
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert "<header" not in answer.text
    assert "Nothing that happens here binds anybody" in answer.text
    assert form_with(answer.text, "reason").action.endswith("/decline?embedded=yes")


async def test_an_unknown_link_is_a_page_that_says_so(customer: Customer, person: Person) -> None:
    answer = await person.browser.get(f"{customer.url}/sign/unknown")
    assert answer.status_code == 404
    assert "This signing link does not exist." in answer.text
    assert (await person.browser.post(f"{customer.url}/sign/unknown", data={"form": "x"})).status_code == 404
    assert (await person.browser.get(f"{customer.url}/mailbox/999")).status_code == 404


async def test_signing_out_of_turn_shows_whom_everybody_waits_for(customer: Customer, person: Person) -> None:
    first, second = await links(customer)
    early = await person.browser.get(second)
    assert "It is not your turn yet" in early.text
    assert "First Signer One must sign" in early.text
    token = form_with((await person.browser.get(first)).text, "consent").controls[0].value
    answer = await person.browser.post(second, data={"form": token, "consent": "yes", "signature_text": "Signer Two"})
    assert answer.status_code == 403
    assert await states(customer) == ["viewed", "waiting"]


async def test_after_signing_the_page_says_thank_you_and_whom_we_wait_for(customer: Customer, person: Person) -> None:
    first, second = await links(customer)
    answer = await person.sign(first)
    assert answer.status_code == 303
    thanks = (await person.browser.get(first)).text
    assert "Thank you, you have signed" in thanks
    assert "waiting for Signer Two" in thanks
    await person.sign(second)
    assert "Everybody has signed" in (await person.browser.get(first)).text
    assert not await person.may_sign(first)


async def test_a_drawn_signature_signs_too(customer: Customer, person: Person) -> None:
    (link,) = await links(customer, "person01@example.com")
    answer = await person.sign(link, signature_kind="drawn", signature_png=data_url(ink()), signature_text="")
    assert answer.status_code == 303
    assert await states(customer) == ["signed"]


def test_of_a_drawing_only_the_ink_is_kept() -> None:
    notes = PngInfo()
    notes.add_text("Comment", "taken at home")
    sheet, out = Image.new("RGBA", (600, 300)), BytesIO()
    sheet.alpha_composite(Image.open(BytesIO(ink())), (100, 100))
    sheet.save(out, "PNG", pnginfo=notes)
    kept = from_form({"signature_kind": "drawn", "signature_png": data_url(out.getvalue())})
    assert kept.png is not None
    assert b"taken at home" not in kept.png
    with Image.open(BytesIO(kept.png)) as picture:
        assert picture.width < 300
        assert picture.height < 90


def test_an_empty_drawing_is_no_signature() -> None:
    out = BytesIO()
    Image.new("RGBA", (300, 90)).save(out, "PNG")
    with pytest.raises(Refused, match="draw your signature"):
        from_form({"signature_kind": "drawn", "signature_png": data_url(out.getvalue())})


@pytest.mark.parametrize(
    "png",
    ["", "data:image/png;base64,AAAA", "data:image/png;base64,%%%", "https://elsewhere.example/x.png", "data:,x"],
)
async def test_a_drawing_that_is_none_is_refused_in_one_sentence(customer: Customer, person: Person, png: str) -> None:
    (link,) = await links(customer, "person01@example.com")
    answer = await person.sign(link, signature_kind="drawn", signature_png=png)
    assert answer.status_code == 422
    assert "draw your signature" in answer.text
    assert await states(customer) == ["viewed"]


async def test_an_error_keeps_what_was_typed(customer: Customer, person: Person) -> None:
    first, _ = await links(customer, markdown=FIELDS)
    given = {
        "signature_text": 'Signer "One"',
        "field[secret]": "se<cret",
        "field[field-4]": "Cellar",
        "field[field-5]": "1",
    }
    answer = await person.sign(first, **given)
    assert answer.status_code == 422
    assert "Please fill in “Flat”." in answer.text
    kept = {c.name: c.value for c in form_with(answer.text, "consent").controls if c.kind in ("text", "select")}
    assert kept["signature_text"] == 'Signer "One"'
    assert kept["field[secret]"] == "se<cret"
    assert kept["field[field-4]"] == "Cellar"
    ticked = {c.name for c in form_with(answer.text, "consent").controls if c.ticked}
    assert {"consent", "field[field-5]"} <= ticked


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"consent": ""}, "agree to sign electronically"),
        ({"signature_text": "  "}, "type your name"),
        ({"signature_text": "x" * 121}, "at most 120"),
    ],
)
async def test_what_is_missing_is_said_in_one_sentence(
    customer: Customer, person: Person, change: dict[str, str], sentence: str
) -> None:
    (link,) = await links(customer, "person01@example.com")
    answer = await person.sign(link, **change)
    assert answer.status_code == 422
    assert sentence in answer.text


async def test_a_form_of_another_site_or_another_signer_does_not_sign(customer: Customer, person: Person) -> None:
    first, second = await links(customer, signers=[
        {"name": f"Signer {n}", "email": f"person0{n}@example.com", "signing_order": "1"} for n in (1, 2)
    ])  # fmt: skip
    foreign = form_with((await person.browser.get(second)).text, "consent").controls[0].value
    for token in ("", foreign, "é" * 9):
        answer = await person.sign(first, form=token)
        assert answer.status_code == 403
        assert "press the button again" in answer.text
    assert await states(customer) == ["viewed", "viewed"]


async def test_declining_needs_a_reason_and_a_second_yes_and_keeps_the_reason(
    customer: Customer, person: Person
) -> None:
    first, second = await links(customer)
    form = form_with((await person.browser.get(first)).text, "reason")
    for given, sentence in (({}, "in a few words"), ({"reason": "Not <now>"}, "tick that you are sure")):
        answer = await person.send(first, form, given)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert "Not &lt;now&gt;</textarea>" in answer.text
    assert (await person.decline(first, "Not now")).status_code == 303
    assert "You have declined" in (await person.browser.get(first)).text
    assert "Somebody else has declined" in (await person.browser.get(second)).text


async def test_a_withdrawn_request_can_be_neither_signed_nor_declined(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com")
    link = contract["signers"][0]["sign_page_url"]
    page = (await person.browser.get(link)).text
    await customer.post(f"/contracts/{contract['id']}/withdraw")
    assert "This request was withdrawn" in (await person.browser.get(link)).text
    typed = {"consent": "yes", "signature_kind": "typed", "signature_text": "Signer One"}
    late = await person.send(link, form_with(page, "consent"), typed)
    assert late.status_code == 422
    assert "This request was withdrawn" in late.text
    late = await person.send(link, form_with(page, "reason"), {"reason": "Late", "sure": "yes"})
    assert late.status_code == 422


async def test_an_expired_request_says_whom_to_ask(hasty: Customer) -> None:
    person = Person(hasty.url)
    (link,) = await links(hasty, "person01@example.com", expires_in_hours="1")
    await asyncio.sleep(1)
    async with person.browser:
        assert "This request has expired" in (await person.browser.get(link)).text


async def test_the_signer_is_sent_where_the_sender_wants_and_the_form_may_go_there(
    customer: Customer, person: Person
) -> None:
    one = {"name": "Signer One", "email": "person01@example.com", "redirect_url": "https://app.example.com/thanks?id=7"}
    (link,) = await links(customer, signers=[one])
    policy = (await person.browser.get(link)).headers["content-security-policy"]
    assert "form-action 'self' https://app.example.com;" in policy
    answer = await person.sign(link)
    assert answer.headers["location"] == "https://app.example.com/thanks?id=7"


async def test_within_a_frame_a_link_for_the_whole_window_leads_on(customer: Customer, person: Person) -> None:
    one = {"name": "Signer One", "email": "person01@example.com", "redirect_url": "https://app.example.com/thanks"}
    (link,) = await links(customer, signers=[one])
    answer = await person.sign(link + "?embedded=yes")
    assert answer.headers["location"].endswith("?embedded=yes")
    done = (await person.browser.get(link + "?embedded=yes")).text
    assert 'href="https://app.example.com/thanks" target="_top"' in done


async def test_asking_for_the_headers_alone_is_no_view(customer: Customer, person: Person) -> None:
    (link,) = await links(customer, "person01@example.com")
    await person.browser.head(link)
    assert await states(customer) == ["invited"]
    await person.browser.get(link)
    assert await states(customer) == ["viewed"]


async def test_too_large_a_form_is_turned_away(customer: Customer, person: Person) -> None:
    (link,) = await links(customer, "person01@example.com")
    answer = await person.browser.post(link, content=b"x=" + b"a" * LIMIT_BYTES)
    assert answer.status_code == 413
    assert (await person.browser.post(link, content=b"x=\xff")).status_code == 400
    assert (await person.browser.post(link, content=b"&".join([b"a=1"] * 600))).status_code == 400


async def test_masked_answers_are_hidden_from_the_other_signers(customer: Customer, person: Person) -> None:
    first, second = await links(customer, markdown=FIELDS)
    await person.sign(first, **FLAT, **{"field[secret]": "C01X00T47"})
    text = (await person.browser.get(second)).text
    assert "C01X00T47" not in text
    assert "••••••" in text
    assert "C01X00T47" in (await person.browser.get(first)).text


async def test_the_mailbox_lists_newest_first_and_turns_pages(customer: Customer, person: Person) -> None:
    assert "There is no mail yet" in (await person.browser.get(f"{customer.url}/mailbox")).text
    for _ in range(51):
        await customer.create("person01@example.com")
    page = await person.open("/mailbox")
    numbers = [int(link.href.rsplit("/", 1)[1]) for link in page.links if link.href.startswith("/mailbox/")]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 50
    (older,) = [link.href for link in page.links if link.rel == "next"]
    rest = await person.open(older)
    assert [link.href for link in rest.links if link.href.startswith("/mailbox/")] == ["/mailbox/1"]
    assert "There are no older messages" in (await person.browser.get(f"{customer.url}/mailbox?before=1")).text


async def test_a_message_shows_its_address_and_leads_to_the_signing_page(customer: Customer, person: Person) -> None:
    (link,) = await links(customer, "person01@example.com")
    mail = await person.open("/mailbox/1")
    assert mail.to == "person01@example.com"
    assert link in [one.href for one in mail.links]


async def test_what_the_pages_need_comes_from_the_sandbox_itself(customer: Customer, person: Person) -> None:
    (link,) = await links(customer, "person01@example.com")
    text = (await person.browser.get(link)).text
    for name, kind in (("style.css", "text/css"), ("sign.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
        assert f"/static/{name}" in text
        answer: httpx.Response = await person.browser.get(f"{customer.url}/static/{name}")
        assert answer.headers["content-type"].startswith(kind)
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
