"""File names of signed documents."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.archive.naming import LONGEST, confined, evidence_name

REF = "E123456789ABC"


@given(st.text())
def test_no_name_leaves_its_folder_or_hides(name: str) -> None:
    file = confined(name, REF)
    assert PurePosixPath(file).name == PureWindowsPath(file).name == file
    assert file.endswith(f" {REF}.pdf") and not file.startswith((".", " "))
    assert len(file.encode()) <= LONGEST and len(evidence_name(file).encode()) <= 255
    assert not any(unicodedata.category(char).startswith("C") for char in file)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("NDA Example Company 01", f"NDA Example Company 01 {REF}.pdf"),
        ("../../etc/passwd", f"-..-etc-passwd {REF}.pdf"),
        ("C:\\secrets\\a.pdf", f"C-secrets-a {REF}.pdf"),
        ("con", f"_con {REF}.pdf"),
        ("NUL.txt", f"_NUL.txt {REF}.pdf"),
        ("", f"document {REF}.pdf"),
        (" . ", f"document {REF}.pdf"),
        ("line\none\ttwo", f"line one two {REF}.pdf"),
        ("gpj.exe\u202efdp", f"gpj.exefdp {REF}.pdf"),
        ("Vertrag Müller & Söhne", f"Vertrag Müller & Söhne {REF}.pdf"),
        ("契約書", f"契約書 {REF}.pdf"),
    ],
)
def test_names_people_choose_stay_readable(name: str, file: str) -> None:
    assert confined(name, REF) == file


def test_a_long_name_is_cut_between_characters() -> None:
    assert confined("ü" * 500, REF).removesuffix(f" {REF}.pdf").strip("ü") == ""


def test_two_documents_of_one_name_do_not_meet() -> None:
    assert confined("Policy", "E000000000001") != confined("Policy", "E000000000002")


def test_a_mark_that_is_no_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        confined("Policy", "../../x")


def test_evidence_stands_beside_its_document() -> None:
    assert evidence_name(f"NDA {REF}.pdf") == f"NDA {REF}.evidence.json"
