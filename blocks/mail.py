"""Finds the way our own messages go out: an SMTP account saved as a Prefect block."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Protocol

from prefect.blocks.core import Block
from prefect_email import EmailServerCredentials

from ledger.settings import Settings

TIMEOUT_SECONDS = 30.0


class MailNotFound(Exception):
    """`ESIGN_MAIL` names no block that mail can go out through."""

    public = True


class Mail(Protocol):
    """What our own messages need."""

    async def send(self, to: str, subject: str, text: str) -> None: ...


class SmtpMail:
    """Mail through the server an `EmailServerCredentials` block names."""

    def __init__(self, credentials: EmailServerCredentials, sender: str) -> None:
        self._credentials = credentials
        self._sender = sender

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand one message to the server. Raises `smtplib.SMTPException` and `OSError`."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, " ".join(subject.split())
        message.set_content(text)
        await asyncio.to_thread(self._hand_over, message)

    def _hand_over(self, message: EmailMessage) -> None:
        with self._credentials.get_server() as server:
            if server.sock is not None:
                server.sock.settimeout(TIMEOUT_SECONDS)
            server.send_message(message)


def certainly_not_delivered(error: BaseException) -> bool:
    """Whether this error proves that the message did not go out; a connection lost in between proves nothing."""
    refused = (smtplib.SMTPConnectError, smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, ConnectionError)
    return isinstance(error, refused) and not isinstance(error, ConnectionResetError | smtplib.SMTPServerDisconnected)


async def mail_of(settings: Settings) -> SmtpMail | None:
    """The way out these settings name; None if they name none. Raises `MailNotFound` with a sentence."""
    if settings.mail is None:
        return None
    try:
        block = await Block.aload(settings.mail)
    except ValueError:
        raise MailNotFound(f"ESIGN_MAIL names the block {settings.mail}, which is not saved in Prefect.") from None
    if not isinstance(block, EmailServerCredentials):
        raise MailNotFound("ESIGN_MAIL must name a block of the type Email Server Credentials.")
    sender = settings.mail_from or block.username or ""
    if "@" not in parseaddr(sender)[1]:
        raise MailNotFound("ESIGN_MAIL_FROM is missing: name the address our reminders come from.")
    return SmtpMail(block, sender)
