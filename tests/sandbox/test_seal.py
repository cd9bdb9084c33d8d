"""The seal on finished PDFs: valid, over the whole file, and broken by any change."""

from __future__ import annotations

import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import pem
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from sandbox.document import render
from sandbox.seal import Sealer
from tests.programs import needs
from tests.sandbox.papers import signed_paper


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render(signed_paper())


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return Sealer(tmp_path_factory.mktemp("home"))


def authority(ca_pem: bytes) -> Certificate:
    return Certificate.load(pem.unarmor(ca_pem)[2])


def validated(sealed: bytes, ca_pem: bytes) -> PdfSignatureStatus:
    context = ValidationContext(trust_roots=[authority(ca_pem)], allow_fetching=False)
    (signature,) = PdfFileReader(BytesIO(sealed)).embedded_signatures
    return validate_pdf_signature(signature, context)


def test_a_sealed_file_is_valid_whole_and_trusted_through_the_sandboxs_authority(sealer: Sealer, pdf: bytes) -> None:
    status = validated(sealer.seal(pdf, reason="All parties have signed"), sealer.ca_pem)
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.signing_cert.subject.native == {"common_name": "Sandbox seal, for trying out"}
    assert status.signing_cert.public_key.curve == ("named", "secp256r1")


def test_the_seal_is_a_pades_baseline_signature_that_carries_its_chain(sealer: Sealer, pdf: bytes) -> None:
    sealed = sealer.seal(pdf, reason="All parties have signed")
    (signature,) = PdfFileReader(BytesIO(sealed)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.sig_object["/Reason"] == "All parties have signed"
    assert "signing_certificate_v2" in {one["type"].native for one in signature.signer_info["signed_attrs"]}
    assert len(signature.signed_data["certificates"]) == 2


def test_one_changed_byte_breaks_the_seal(sealer: Sealer, pdf: bytes) -> None:
    sealed = sealer.seal(pdf, reason="All parties have signed").replace(b"Document 0f8c2b6e", b"Document 0f8c2b6f")
    assert not validated(sealed, sealer.ca_pem).bottom_line


def test_another_sandboxs_authority_does_not_vouch_for_it(sealer: Sealer, pdf: bytes, tmp_path: Path) -> None:
    status = validated(sealer.seal(pdf, reason="All parties have signed"), Sealer(tmp_path).ca_pem)
    assert status.intact
    assert not status.trusted


def test_the_certificates_stay_the_same_after_a_restart(tmp_path: Path, pdf: bytes) -> None:
    before = Sealer(tmp_path)
    after = Sealer(tmp_path)
    assert before.ca_pem == after.ca_pem
    assert validated(after.seal(pdf, reason="Again"), before.ca_pem).bottom_line


def test_sealers_that_start_at_once_agree_on_one_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: Sealer(tmp_path / "new").ca_pem, range(8)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["certificates"]


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    Sealer(tmp_path)
    folder = tmp_path / "certificates"
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("ca.key", "seal.key")} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@needs("pdfsig")
def test_poppler_finds_the_seal_valid_and_over_the_whole_file(sealer: Sealer, pdf: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sealed.pdf"
    file.write_bytes(sealer.seal(pdf, reason="All parties have signed"))
    said = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


@needs("qpdf")
def test_qpdf_finds_nothing_wrong_with_a_sealed_file(sealer: Sealer, pdf: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sealed.pdf"
    file.write_bytes(sealer.seal(pdf, reason="All parties have signed"))
    done = subprocess.run(["qpdf", "--check", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs("pdftotext")
def test_the_text_of_a_sealed_file_is_the_text_that_was_sealed(sealer: Sealer, pdf: bytes) -> None:
    def text(content: bytes) -> bytes:
        return subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True).stdout

    assert text(sealer.seal(pdf, reason="All parties have signed")) == text(pdf)
