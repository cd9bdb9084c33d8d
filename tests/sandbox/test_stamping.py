"""Where things stand on the pages of a finished upload, and that the same paper gives the same file."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops
from pypdf import PdfReader

from sandbox import uploads
from sandbox.document import render
from sandbox.document.uploaded import render_uploaded
from sandbox.paper import PDF, Paper, Placed
from tests.sandbox import files
from tests.sandbox.papers import signed_paper

pytestmark = pytest.mark.slow

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm is not installed")
FOOT = 0.96
"""Below this share of a page stands the foot."""
BOX = {"x": 0.55, "y": 0.3, "width": 0.35, "height": 0.06}


def paper(upload: bytes, *placed: Placed, **more: object) -> Paper:
    """Signed by two: the first typed, the second drew."""
    base = signed_paper(test=False)
    ready = replace(base, markdown="", upload=uploads.name_for(upload), media_type=PDF, placed=placed)
    return replace(ready, **more)  # type: ignore[arg-type]


def answered(ready: Paper, **values: str) -> Paper:
    one, two = ready.parties
    return replace(ready, parties=(replace(one, values=values), two))


def picture(pdf: bytes) -> Image.Image:
    """The first page as people see it."""
    command = ["pdftoppm", "-cropbox", "-r", "72", "-f", "1", "-l", "1", "-png", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return Image.open(BytesIO(done.stdout)).convert("L")


def changed(before: bytes, after: bytes, *, least: int = 40) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of everything that was added above the foot, as shares of the page; what
    is lighter than `least` of 255 does not count."""
    one, other = picture(before), picture(after)
    assert one.size == other.size
    body = (0, 0, one.width, int(one.height * FOOT))
    edges = ImageChops.difference(one.crop(body), other.crop(body)).point(lambda v: 255 if v >= least else 0).getbbox()
    if edges is None:
        return None
    return edges[0] / one.width, edges[1] / one.height, edges[2] / one.width, edges[3] / one.height


@needs_poppler
@pytest.mark.parametrize("kind", ["signature", "initials", "text", "date", "checkbox"])
@pytest.mark.parametrize("signer", ["signer-1", "signer-2"])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_what_is_placed_stands_in_its_box_however_the_page_is_turned_and_cut(
    kind: str, signer: str, degrees: int
) -> None:
    upload = files.turned(degrees)
    place = Placed(signer=signer, kind=kind, page=0, id="field", **BOX)  # type: ignore[arg-type]
    ready = paper(upload, place)
    value = {"text": "Ulm", "date": "2026-03-04", "checkbox": "1"}.get(kind, "")
    ready = replace(ready, parties=tuple(replace(one, values={"field": value}) for one in ready.parties))
    edges = changed(upload, render(ready, upload))
    assert edges is not None
    left, top, right, bottom = edges
    assert BOX["x"] - 0.01 <= left < right <= BOX["x"] + BOX["width"] + 0.01
    assert BOX["y"] - 0.01 <= top < bottom <= BOX["y"] + BOX["height"] + 0.01


@needs_poppler
def test_empty_fields_others_pages_and_signers_who_have_not_signed_leave_the_page_as_it_was() -> None:
    upload = files.pdf("One", "Two")
    empty = Placed(signer="signer-1", kind="text", page=0, required=False, **BOX)
    elsewhere = Placed(signer="signer-1", kind="signature", page=1, **BOX)
    beyond = Placed(signer="signer-1", kind="signature", page=7, **BOX)
    nobody = Placed(signer="signer-9", kind="signature", page=0, **BOX)
    assert changed(upload, render(paper(upload, empty, elsewhere, beyond, nobody), upload)) is None
    unsigned = paper(upload, Placed(signer="signer-1", kind="signature", page=0, **BOX), state="sent")
    one, two = unsigned.parties
    waiting = replace(one, state="invited", signature=None, signed_at=None)
    preview = render(replace(unsigned, parties=(waiting, two)), upload)
    assert changed(upload, preview) is None
    assert uploads.page_count(preview) == 2


@needs_poppler
def test_a_long_answer_is_cut_to_its_box_and_stands_in_full_on_the_certificate() -> None:
    upload, answer = files.pdf(), "A very long answer that no box of this size can hold " * 3
    place = Placed(signer="signer-1", kind="text", page=0, id="field", **BOX | {"width": 0.1})
    ready = answered(paper(upload, place), field=answer)
    pdf = render(ready, upload)
    edges = changed(upload, pdf)
    assert edges is not None
    assert edges[2] <= BOX["x"] + 0.11
    assert " ".join(answer.split()) in " ".join(" ".join(uploads.texts_of(pdf)[1:]).split())


def test_the_same_paper_gives_the_same_bytes() -> None:
    upload = files.pdf("One", "Two")
    ready = paper(upload, Placed(signer="signer-2", kind="signature", page=1, **BOX), test=True)
    assert render(ready, upload) == render(ready, upload)


def test_scripts_forms_and_outlines_of_an_upload_are_left_behind() -> None:
    upload = files.lively()
    assert b"sayHello" in upload
    pdf = render_uploaded(paper(upload), upload)
    reader = PdfReader(BytesIO(pdf))
    assert not {"/AcroForm", "/OpenAction", "/Names", "/Outlines", "/AA"} & set(reader.trailer["/Root"])
    assert b"sayHello" not in pdf
    assert reader.metadata is not None
    assert reader.metadata.title == "Mutual agreement"


@needs_poppler
def test_a_test_bears_the_demo_mark_on_every_page() -> None:
    upload = files.pdf()
    assert changed(upload, render(paper(upload), upload), least=5) is None
    edges = changed(upload, render(paper(upload, test=True), upload), least=5)
    assert edges is not None
    assert edges[3] - edges[1] > 0.2
