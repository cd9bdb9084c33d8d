"""Documents that customers upload: what is taken, how they are read, filled in and signed, and what comes of them."""

from __future__ import annotations

import asyncio
import hashlib
import re
import subprocess
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pypdf import PdfReader

from sandbox import uploads
from sandbox.forms import Page
from sandbox.paper import DOCX, PDF
from tests.sandbox import files
from tests.sandbox.example import Client, client_of
from tests.sandbox.papers import ink
from tests.sandbox.running import Person, until
from tests.sandbox.test_document import needs_poppler
from tests.sandbox.test_pages import data_url
from tests.sandbox.test_seal import validated

PLACED = [
    {"signer": 0, "kind": "signature", "page": 1, "x": 0.1, "y": 0.8, "width": 0.3, "height": 0.05},
    {"signer": 0, "kind": "text", "page": 0, "x": 0.1, "y": 0.5, "width": 0.3, "height": 0.03, "label": "City"},
    {"signer": 0, "kind": "date", "page": 0, "x": 0.1, "y": 0.6, "width": 0.3, "height": 0.03, "required": False},
    {"signer": 0, "kind": "checkbox", "page": 0, "x": 0.1, "y": 0.7, "width": 0.03, "height": 0.02, "id": "keys"},
    {"signer": 1, "kind": "text", "page": 0, "x": 0.6, "y": 0.5, "width": 0.3, "height": 0.03, "label": "Role"},
]
RULES = ("Rules of the house", "Signatures of all")
FILLED = {"field[placed-2]": "Ulm", "field[placed-3]": "2026-03-04", "field[keys]": "1"}


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(tmp_path / "home") as customer:
        yield Client(customer)


@pytest_asyncio.fixture
async def person(client: Client) -> AsyncIterator[Person]:
    one = Person(client.url)
    async with one.browser:
        yield one


async def finished(client: Client, request_id: str) -> bytes:
    """Waits for the finished PDF."""

    async def there() -> bool:
        return bool((await client.show(request_id))["completed"])

    await until(there)
    answer = await client.get(f"/{request_id}/file")
    assert answer.status_code == 200
    return bytes(answer.content)


def fields_of(page: str) -> dict[str, Any]:
    (form,) = [form for form in Page(page).forms if form.has("consent")]
    return {one.name: (one.kind, one.required) for one in form.controls if one.name.startswith("field[")}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"Hello", "The file is neither a PDF nor a DOCX document."),
        (b"%PDF-1.7 and nothing else", "The PDF cannot be read."),
        (files.pdf()[:300], "The PDF cannot be read."),
        (files.locked(), "The PDF is protected by a password."),
        (files.other_zip(), "The file is neither a PDF nor a DOCX document."),
        (b"%PDF-" + b"x" * uploads.LIMIT_BYTES, "The file is larger than 25 MiB."),
    ],
    ids=["empty", "text", "no pdf", "half a pdf", "locked", "archive", "large"],
)
async def test_what_nobody_could_read_is_refused_with_a_sentence(client: Client, content: bytes, sentence: str) -> None:
    answer = await client.try_to_ask("person01@example.com", file=content)
    assert (answer.status_code, answer.json()) == (422, {"oh": sentence})
    assert await client.customer.admin("/contracts") == []


async def test_a_file_that_is_not_what_its_type_says_is_refused(client: Client) -> None:
    assert (await client.try_to_ask("person01@example.com", file=files.docx(), type=PDF)).status_code == 422
    assert (await client.try_to_ask("person01@example.com", file=files.pdf(), type=DOCX)).status_code == 422
    assert (await client.ask("person01@example.com", file=files.docx(), type=DOCX))["media_type"] == DOCX


async def test_an_upload_is_kept_byte_for_byte_and_equal_ones_once(client: Client, tmp_path: Path) -> None:
    content = files.pdf(*RULES)
    one, other = [await client.ask("person01@example.com", file=content) for _ in range(2)]
    for request in (one, other):
        answer = await client.customer.client.get(request["original"])
        assert answer.content == content
        assert answer.headers["content-type"] == PDF
    kept = list((tmp_path / "home" / "files").iterdir())
    assert [file.name for file in kept] == [f"upload-{hashlib.sha256(content).hexdigest()}.pdf"]


async def test_a_link_to_a_file_lives_as_long_as_the_dialect_says(tmp_path: Path) -> None:
    async with client_of(tmp_path, clock_factor=1800) as customer:
        request = await Client(customer).ask("person01@example.com", file=files.pdf())
        assert (await customer.client.get(request["original"])).status_code == 200

        async def closed() -> bool:
            return (await customer.client.get(request["original"])).status_code == 403

        await until(closed, 10)


async def test_of_a_long_document_the_first_forty_pages_are_read_out(client: Client, person: Person) -> None:
    content = files.pdf(*(f"Rule {number}." for number in range(1, 44)))
    request = await client.ask("person01@example.com", file=content)
    page = (await person.browser.get(request["signers"][0]["url"])).text
    assert "Rule 40." in page
    assert "Rule 41." not in page
    assert "3 more pages are in the document." in page


async def test_the_page_shows_the_document_its_text_and_this_signers_fields(client: Client, person: Person) -> None:
    content = files.pdf(*RULES)
    request = await client.ask("person01@example.com", "person02@example.com", file=content, placed=PLACED)
    url = request["signers"][0]["url"]
    answer = await person.browser.get(url)
    assert re.search(r'<object class="viewer" data="/sign/[0-9a-f]{40}/document#', answer.text)
    assert "Rules of the house" in answer.text
    assert "object-src 'self'" in answer.headers["content-security-policy"]
    assert fields_of(answer.text) == {
        "field[placed-2]": ("text", True),
        "field[placed-3]": ("date", False),
        "field[keys]": ("checkbox", True),
    }
    assert "to be filled in by Signer Two" in answer.text
    assert "Your signature goes to page 2 of the document" in answer.text
    document = await person.browser.get(f"{url}/document")
    assert document.content == content
    assert document.headers["content-type"] == PDF
    assert document.headers["content-disposition"].startswith("inline")
    assert "content-security-policy" not in document.headers


async def test_a_document_is_read_with_the_signing_link_alone_and_while_it_is_to_be_read(
    client: Client, person: Person
) -> None:
    people = [
        {"name": "Signer One", "email": "person01@example.com"},
        {"name": "Signer Two", "email": "person02@example.com", "order": 2},
    ]
    request = await client.ask(signers=people, file=files.pdf())
    one, two = (signer["url"] for signer in request["signers"])
    markdown = await client.ask("person01@example.com", markdown="# Rules")
    draft = await client.ask("person01@example.com", file=files.pdf(), sent=False)

    async def status(url: str) -> int:
        return (await person.browser.get(f"{url}/document")).status_code

    assert [await status(url) for url in (one, two)] == [200, 200]
    assert await status(markdown["signers"][0]["url"]) == 404
    assert await status(draft["signers"][0]["url"]) == 404
    assert await status(f"{client.url}/sign/{'0' * 40}") == 404
    await client.act(request["id"], "withdraw")
    assert await status(one) == 404


async def test_placed_fields_are_asked_for_and_kept_under_their_ids(client: Client, person: Person) -> None:
    request = await client.ask("person01@example.com", "person02@example.com", file=files.pdf(*RULES), placed=PLACED)
    one, two = (signer["url"] for signer in request["signers"])
    missing = await person.sign(one, **FILLED | {"field[placed-2]": " "})
    assert missing.status_code == 422
    assert "Please fill in “City”." in missing.text
    assert 'value="2026-03-04"' in missing.text
    assert (await person.sign(one, **FILLED | {"field[placed-3]": "soon"})).status_code == 422
    assert (await person.sign(one, **FILLED)).status_code == 303
    assert (await client.show(request["id"]))["signers"][0]["values"] == {
        "placed-2": "Ulm",
        "placed-3": "2026-03-04",
        "keys": "1",
    }
    page = (await person.browser.get(two)).text
    assert "<strong>Ulm</strong> (Signer One)" in page
    assert fields_of(page) == {"field[placed-5]": ("text", True)}


@needs_poppler
async def test_the_finished_pdf_is_the_document_with_what_was_filled_in_then_the_certificate_and_a_seal(
    client: Client, person: Person
) -> None:
    content = files.pdf(*RULES)
    request = await client.ask("person01@example.com", "person02@example.com", file=content, placed=PLACED)
    one, two = (signer["url"] for signer in request["signers"])
    await person.sign(one, **FILLED)
    drawn = {"signature_kind": "drawn", "signature_png": data_url(ink()), "signature_text": ""}
    await person.sign(two, **drawn | {"field[placed-5]": "Owner"})
    pdf = await finished(client, request["id"])
    ca_pem = (await person.browser.get(f"{client.url}/_sandbox/ca.pem")).content
    status = await asyncio.to_thread(validated, pdf, ca_pem)
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    pages = [" ".join(text.split()) for text in text_of_pages(pdf)]
    assert pages[0].startswith("Rules of the house Ulm Owner 2026-03-04")
    assert pages[1].startswith("Signatures of all Signer One")
    assert pages[2].startswith("Certificate of completion")
    certificate = " ".join(pages[2:])
    assert hashlib.sha256(content).hexdigest() in certificate
    for line in ("City Ulm Signer One", "Role Owner Signer Two", "Checkbox on page 1 ticked Signer One"):
        assert line in certificate
    assert "Signer Two <person02@example.com>" in certificate


@needs_poppler
async def test_whoever_has_no_place_in_the_document_signs_on_the_certificate_alone(
    client: Client, person: Person
) -> None:
    request = await client.ask("person01@example.com", file=files.pdf("Nothing to sign here"))
    await person.sign(request["signers"][0]["url"], signature_text="S. One")
    first, certificate = text_of_pages(await finished(client, request["id"]))
    assert "S. One" not in first
    assert "S. One" in certificate


@needs_poppler
async def test_of_a_word_file_there_is_the_certificate_alone_which_says_so(client: Client, person: Person) -> None:
    content = files.docx()
    request = await client.ask("person01@example.com", file=content, title="House rules")
    url = request["signers"][0]["url"]
    page = await person.browser.get(url)
    assert "This document is a Word file" in page.text
    assert "<object" not in page.text
    document = await person.browser.get(f"{url}/document")
    assert document.content == content
    assert document.headers["content-type"] == DOCX
    assert document.headers["content-disposition"] == 'attachment; filename="document.docx"'
    await person.sign(url)
    pdf = await finished(client, request["id"])
    (certificate,) = [" ".join(text.split()) for text in text_of_pages(pdf)]
    assert "Word file, which is not part of this PDF" in certificate
    assert hashlib.sha256(content).hexdigest() in certificate
    assert "Signer One" in certificate


async def test_robots_fill_in_and_sign_uploaded_documents(tmp_path: Path) -> None:
    async with client_of(tmp_path, robots=True, robot_delay_seconds=0.05) as customer:
        client = Client(customer)
        signed = await client.ask("person01@example.com", "person02@example.com", file=files.pdf(), placed=PLACED[1:])
        word = await client.ask("person01@example.com", file=files.docx())
        declined = await client.ask("person01+decline@example.com", file=files.pdf())
        await finished(client, signed["id"])
        await finished(client, word["id"])
        values = (await client.show(signed["id"]))["signers"][0]["values"]
        assert values["placed-2"]
        assert values["keys"] == "1"

        async def ended() -> bool:
            return (await client.show(declined["id"]))["state"] == "declined"

        await until(ended)


def test_pdfs_are_joined_and_taken_apart() -> None:
    joined = uploads.joined([files.pdf("One", "Two"), files.pdf("Three")])
    assert uploads.page_count(joined) == 3
    assert [text.strip() for text in uploads.texts_of(joined)] == ["One", "Two", "Three"]
    assert [text.strip() for text in uploads.texts_of(uploads.part(joined, 1))] == ["Two", "Three"]
    assert [text.strip() for text in uploads.texts_of(uploads.part(joined, 0, 1))] == ["One"]
    with pytest.raises(uploads.Refused, match="cannot be read"):
        uploads.joined([files.pdf(), b"%PDF-"])


async def test_a_file_is_fetched_from_an_address_or_refused(client: Client) -> None:
    request = await client.ask("person01@example.com", file=files.pdf("From afar"))
    assert uploads.texts_of(await uploads.fetched(request["original"]))[0].strip() == "From afar"
    for wrong in (f"{client.url}/files/nothing", "http://127.0.0.1:1/a.pdf", "no address"):
        with pytest.raises(uploads.Refused, match="could not be fetched"):
            await uploads.fetched(wrong)


def text_of_pages(pdf: bytes) -> list[str]:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    pages = done.stdout.decode().split("\f")[:-1]
    assert len(pages) == len(PdfReader(BytesIO(pdf)).pages)
    return pages
