"""Finds the way our own messages go out: an SMTP account saved as a Prefect block."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Protocol

from prefect.blocks.core import Block
from prefect_email import EmailServerCredentials
from prefect_email.credentials import SMTPType

from ledger.settings import Settings

TIMEOUT_SECONDS = 30.0


class MailNotFound(Exception):
    """`ESIGN_MAIL` names no block that mail can go out through."""

    public = True


class Undeliverable(Exception):
    """The server refused the address for good; nobody received anything."""


class NotTaken(Exception):
    """The server did not take the message, this time; nobody received anything."""


class Mail(Protocol):
    """What our own messages need."""

    async def send(self, to: str, subject: str, text: str) -> None: ...


class SmtpMail:
    """Mail through the server an `EmailServerCredentials` block names."""

    def __init__(self, credentials: EmailServerCredentials, sender: str) -> None:
        self._credentials = credentials
        self._sender = sender

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand one message to the server. Raises `Undeliverable`, `NotTaken`, and anything else where the server may
        have taken it."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, " ".join(subject.split())
        message.set_content(text)
        await asyncio.to_thread(self._hand_over, message)

    def _hand_over(self, message: EmailMessage) -> None:
        try:
            server = self._connected()
        except Exception as error:
            problem: Exception = NotTaken(f"The mail server could not be used ({type(error).__name__}).")
        else:
            try:
                server.send_message(message)
                return
            except smtplib.SMTPRecipientsRefused as error:
                codes = [code for code, _ in error.recipients.values()]
                final = all(code >= 500 for code in codes)
                problem = (Undeliverable if final else NotTaken)(f"The mail server refused the address ({codes[0]}).")
            except smtplib.SMTPNotSupportedError:
                problem = Undeliverable("The mail server takes no such address.")
            except smtplib.SMTPResponseException as error:
                problem = NotTaken(f"The mail server refused the message ({error.smtp_code}).")
            finally:
                with suppress(Exception):  # how the server says goodbye changes nothing
                    server.quit()
        raise problem  # out here, so that no address hangs on the error

    def _connected(self) -> smtplib.SMTP:
        """As the block's own `get_server` connects, which would wait for a silent server for ever."""
        block = self._credentials
        host, kind = getattr(block.smtp_server, "value", block.smtp_server), block.smtp_type
        port = block.smtp_port or kind.value
        context = ssl.create_default_context()
        if not block.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if kind is SMTPType.SSL:
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
            if kind is SMTPType.STARTTLS:
                server.starttls(context=context)
        if block.username is not None:
            server.login(block.username, block.password.get_secret_value())
        return server


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
