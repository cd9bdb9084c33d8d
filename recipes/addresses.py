"""Reads addresses: of e-mail, telephone and the web."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

# What nearly all addresses are made of: letters and digits in parts between single points. Of these, only the domain
# needs the library, and a list has few domains.
_USUAL = re.compile(r"([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@([A-Za-z0-9.-]+)")
LONGEST_LOCAL, LONGEST = 64, 254
"""Octets, of what stands before the @ and of all of it (RFC 5321, section 4.5.3.1)."""


def email(text: str) -> str | None:
    """The address as typed, its domain in lower case; None if it is none. Nobody is asked whether it exists."""
    if (usual := _USUAL.fullmatch(text)) and len(usual[1]) <= LONGEST_LOCAL and len(text) <= LONGEST:
        domain = _domain(usual[2])
        return domain and f"{usual[1]}@{domain}"
    return _unusual(text)


@lru_cache(maxsize=4096)
def _domain(text: str) -> str | None:
    address = _unusual(f"a@{text}")
    return address and address.removeprefix("a@")


@lru_cache(maxsize=1024)
def _unusual(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def phone(text: str, region: str | None = None) -> str | None:
    """The number in its international form (E.164); None if it is none. `region`: of numbers without a +."""
    import phonenumbers  # only here, since it takes its time to import, and few sheets have numbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def url(text: str) -> str | None:
    """The address as typed; None if it is none that a browser opens from anywhere."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    is_one = parts.scheme in {"http", "https"} and "." in host.strip(".") and not re.search(r"\s", text)
    return text if is_one and parts.username is None else None
