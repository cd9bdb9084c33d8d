"""Words the mails and text messages the provider would have sent."""

from __future__ import annotations

from sandbox.contract import Channel, Contract, Letter, Signer
from sandbox.paper import MailKind

_REQUEST = "Hi __FULL_NAME__,\n\nTo review and sign “{title}” please press the button below.\n\n{sender}"
_FINAL = "Hi __FULL_NAME__,\n\n“{title}” has been signed by everyone. Your copy is behind the button below.\n\n{sender}"


def bounces(address: str) -> bool:
    """Addresses with the plus tag `+bounce` never receive anything."""
    local = address.partition("@")[0].lower()
    return "bounce" in local.split("+")[1:]


def request(contract: Contract, signer: Signer, channel: Channel, *, again: bool) -> Letter:
    """The message that asks a signer to sign."""
    subject = contract.wording.request_subject or f"{contract.sender} asks you to sign: {contract.title}"
    return _letter(
        contract,
        signer,
        channel,
        kind="reminder" if again else "request",
        subject=f"Reminder: {subject}" if again else subject,
        text=contract.wording.request_text or _REQUEST.format(title=contract.title, sender=contract.sender),
        link=f"sign/{signer.id}",
    )


def final_copy(contract: Contract, signer: Signer, channel: Channel) -> Letter:
    """The message that brings a signer the signed document."""
    subject, text = _final_words(contract)
    return _letter(contract, signer, channel, kind="final", subject=subject, text=text, link=f"files/{contract.id}")


def copy_for(contract: Contract, address: str) -> Letter:
    """The signed document for somebody who only receives a copy."""
    subject, text = _final_words(contract)
    return Letter(address, subject, text.replace("__FULL_NAME__", "there"), "cc", f"files/{contract.id}")


def _final_words(contract: Contract) -> tuple[str, str]:
    subject = contract.wording.final_subject or f"Signed: {contract.title}"
    text = contract.wording.final_text or _FINAL.format(title=contract.title, sender=contract.sender)
    return subject, text


def _letter(
    contract: Contract, signer: Signer, channel: Channel, *, kind: MailKind, subject: str, text: str, link: str
) -> Letter:
    words = text.replace("__FULL_NAME__", signer.name)
    if channel == "sms":
        return Letter(signer.mobile, subject, words, "sms", link)
    if bounces(signer.email):
        return Letter(signer.email, subject, words, "bounced")
    return Letter(signer.email, subject, words, kind, link)
