"""Seals finished PDFs with the sandbox's own certificate, so that any later change shows.

The signature is PAdES B-B (ETSI EN 319 142-1; subfilter ETSI.CAdES.detached) with a P-256 key. The certificate comes
from an authority that the sandbox makes for itself at first start: it proves that a file is unchanged, and nothing
about people.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from asn1crypto import pem
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate as Asn1Certificate
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

_CA, _CA_KEY, _SEAL, _SEAL_KEY = "ca.pem", "ca.key", "seal.pem", "seal.key"
_VALID = timedelta(days=3650)


class Sealer:
    """Holds the certificates of one home folder, making them when there are none; several may start at once."""

    def __init__(self, home: Path) -> None:
        folder = home / "certificates"
        if not folder.exists():
            _make(folder)
        self.ca_pem = (folder / _CA).read_bytes()
        authority, certificate = (Asn1Certificate.load(_der(folder / name)) for name in (_CA, _SEAL))
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register(authority)
        self._signer = SimpleSigner(
            signing_cert=certificate,
            signing_key=PrivateKeyInfo.load(_der(folder / _SEAL_KEY)),
            cert_registry=store,
            embed_roots=True,
        )

    def seal(self, pdf: bytes, *, reason: str) -> bytes:
        """The PDF with an invisible signature over all of it, which allows no later change. Two seals of the same PDF
        differ by their time and the signature's random part. It blocks for some 40 ms and runs an event loop of its
        own, so call it in a thread or process."""
        metadata = PdfSignatureMetadata(
            field_name="Seal",
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
            name="Sandbox seal",
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        sealed = PdfSigner(metadata, self._signer).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), output=BytesIO())
        return bytes(sealed.getvalue())


def _make(folder: Path) -> None:
    """Makes both certificates in a folder of their own and moves it into place whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".certificates-", dir=folder.parent))
    try:
        authority_key, seal_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        authority = _certificate("Sandbox authority, for trying out", authority_key, None, authority_key)
        seal = _certificate("Sandbox seal, for trying out", seal_key, authority, authority_key)
        _write(draft, _CA, authority.public_bytes(Encoding.PEM))
        _write(draft, _SEAL, seal.public_bytes(Encoding.PEM))
        _write(draft, _CA_KEY, _private(authority_key))
        _write(draft, _SEAL_KEY, _private(seal_key))
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.exists():  # otherwise somebody else was quicker, and theirs is as good
            raise


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """A certificate of an authority when it issues itself, else of a signer."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC) - timedelta(days=1)
    is_authority = issuer is None
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _VALID)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, SHA256())
    )


def _usage(is_authority: bool) -> x509.KeyUsage:
    """An authority signs certificates; the seal signs and, as validators of documents ask, cannot be disowned."""
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(folder: Path, name: str, content: bytes) -> None:
    """A file that only its owner may read, from its first moment."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(content)


def _der(path: Path) -> bytes:
    _, _, content = pem.unarmor(path.read_bytes())
    return bytes(content)
