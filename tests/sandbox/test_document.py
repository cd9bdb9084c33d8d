"""What the finished PDF shows."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.document import render
from sandbox.document.certificate import fingerprint
from sandbox.document.fonts import SUBSTITUTE, drawable
from tests.examples import examples
from tests.programs import needs
from tests.sandbox.papers import AGREEMENT, SENT, party, signed_paper

pytestmark = pytest.mark.slow

needs_poppler = needs("pdftotext")


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def words_of(pdf: bytes) -> str:
    return " ".join(text_of(pdf).split())


@needs_poppler
def test_the_text_is_set_with_its_lists_tables_and_counters() -> None:
    words = words_of(render(signed_paper()))
    for expected in (
        "1. Purpose",
        "2. Duties",
        "2. Return it:",
        "• files at once.",
        "Drawings of both 4 March 2026 1,200.00",
        '"as it is"; costs -- if any -- are ~~not~~ shared',
        "Page 1 of 2",
    ):
        assert expected in words


@needs_poppler
def test_the_extended_syntax_never_shows() -> None:
    text = text_of(render(signed_paper()))
    assert "line_type" not in text
    assert "alignment" not in text
    assert "`" not in text


@needs_poppler
def test_filled_in_fields_show_their_answers_and_masked_ones_do_not() -> None:
    words = words_of(render(signed_paper()))
    assert "Place: Ulm" in words
    assert "C01X00T47" not in words
    assert "Passport number: ••••••" in words
    assert "☑ I accept (Signer One)" in words
    assert "☐ I accept (Zoë Łukasz Ørsted)" in words


@needs_poppler
@pytest.mark.parametrize(
    "name", ["Zoë Łukasz Ørsted", "Αλέξανδρος Παπαδόπουλος", "Дмитрий Шевченко-Їжак", "Nguyễn Thị Ấn", "İğdır Şahin"]
)
def test_names_of_many_alphabets_can_be_read_and_copied(name: str) -> None:
    words = words_of(render(signed_paper(f"# Agreement\n\nSigned by *{name}* and **{name}**.", second=name)))
    assert words.count(name) >= 5


@needs_poppler
def test_an_accent_written_as_two_characters_becomes_one_letter() -> None:
    assert "Zoë" in words_of(render(signed_paper("Zoe\u0308")))


@needs_poppler
def test_a_script_the_typeface_lacks_is_shown_as_marks_and_the_certificate_says_so() -> None:
    words = words_of(render(signed_paper(second="山田")))
    assert SUBSTITUTE * 2 in words
    assert f"{SUBSTITUTE} stands for a character that this sandbox's typeface lacks." in words
    assert "stands for a character" not in words_of(render(signed_paper()))


@needs_poppler
def test_the_certificate_says_who_signed_when_how_and_from_where() -> None:
    paper = signed_paper()
    words = words_of(render(paper))
    for expected in (
        "Certificate of completion",
        "nothing in it binds anybody",
        "Completed 4 March 2026, 14:30:12 UTC",
        "Signer One <person01@example.com>",
        "Signed 4 March 2026, 11:30:12 UTC, typed signature",
        "From 192.0.2.11 with Another browser",
        hashlib.sha256(AGREEMENT.encode()).hexdigest(),
    ):
        assert expected in words
    assert fingerprint(paper) in words


@needs_poppler
def test_a_preview_has_empty_signature_lines_and_no_certificate() -> None:
    paper = replace(signed_paper(), state="sent", parties=(party(1, "Signer One"), party(2, "Signer Two")))
    words = words_of(render(paper))
    assert words.count("Not signed yet") == 2
    assert "Certificate" not in words


@needs_poppler
def test_only_test_papers_carry_the_demo_mark() -> None:
    assert "DEMO" in text_of(render(signed_paper(test=True)))
    assert "DEMO" not in text_of(render(signed_paper(test=False)))


@needs_poppler
def test_the_title_stands_above_a_text_that_has_none_and_is_not_repeated_otherwise() -> None:
    assert words_of(render(signed_paper("Be kind."))).count("Mutual agreement") == 2
    assert words_of(render(signed_paper("# Mutual agreement\n\nBe kind."))).count("Mutual agreement") == 2


def test_html_and_pictures_in_the_text_stay_text() -> None:
    pdf = render(signed_paper("<script>alert(1)</script> ![picture](file:///etc/hostname)"))
    assert b"/Subtype /Image" in pdf  # the drawn signature
    assert pdf.count(b"/Subtype /Image") == render(signed_paper("Be kind.")).count(b"/Subtype /Image")


def test_the_same_paper_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    code = (
        "import hashlib, sys\nfrom sandbox.document import render\nfrom tests.sandbox.papers import signed_paper\n"
        "sys.stdout.write(hashlib.sha256(render(signed_paper())).hexdigest())"
    )
    digests = {hashlib.sha256(render(signed_paper())).hexdigest()}
    for seed in ("1", "2"):
        environment = os.environ | {
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "TZ": "Asia/Tokyo",
        }
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        digests.add(done.stdout)
    assert len(digests) == 1


@needs("qpdf")
@pytest.mark.parametrize(
    "markdown",
    [
        "",
        "x" * 5000,
        "\n\n".join("A paragraph that is repeated. " * 9 for _ in range(60)),
        "| a | b |\n|---|---|\n" + "| cell | " + "long " * 900 + "|\n",
        "| a | b |\n|---|---|\n" * 1 + "| c | d |\n" * 120,
        "\n".join("  " * depth + "- deeper" for depth in range(18)),
        "> " * 15 + "quoted",
        "| | |\n|---|---|\n| | |\n",
        "# `{\"header_counter\": \"yes\"}`",
        "```\ncode `{\"alignment\": \"center\"}`\n```",
        "\ue0000\ue001 forged",
        "# " + "Title " * 80,
    ],
    ids=range(12),
)  # fmt: skip
def test_strange_texts_make_sound_files(markdown: str, tmp_path: Path) -> None:
    file = tmp_path / "strange.pdf"
    file.write_bytes(render(signed_paper(markdown)))
    subprocess.run(["qpdf", "--check", str(file)], check=True, capture_output=True)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text('ab \n#*_-`|>[](){}":1.~\\é山\t', max_size=120), st.text(max_size=40))
def test_no_text_and_no_name_stops_the_document(markdown: str, name: str) -> None:
    assert render(signed_paper(markdown, second=name)).startswith(b"%PDF-")


@given(st.text())
def test_what_is_drawn_never_contains_control_characters(text: str) -> None:
    assert {unicodedata.category(char) for char in drawable(text) if char != "\n"}.isdisjoint({"Cc", "Cf", "Cs"})


def test_many_signers_get_a_block_each() -> None:
    paper = replace(
        signed_paper(),
        parties=tuple(
            party(n, f"Signer {n} " + "Long " * n, signed_at=SENT + timedelta(hours=n)) for n in range(1, 24)
        ),
    )
    assert render(paper).startswith(b"%PDF-")
