"""The sandbox's pages for people: the signing page behind each link, and the mailbox of everybody in it."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.pages.mailbox import Mailbox
from sandbox.pages.signing import Signing
from sandbox.people import People

__all__ = ["routes"]


def routes(people: People) -> list[BaseRoute]:
    """`/sign/{signer_id}`, its `/document` and `/decline`, `/mailbox`, `/mailbox/{mail_id}` and what they need of
    `/static`."""
    signing, mailbox = Signing(people), Mailbox(people)
    return [
        Route("/sign/{signer_id}", signing.show, methods=["GET"]),
        Route("/sign/{signer_id}", signing.sign, methods=["POST"]),
        Route("/sign/{signer_id}/document", signing.document, methods=["GET"]),
        Route("/sign/{signer_id}/decline", signing.decline, methods=["POST"]),
        Route("/mailbox", mailbox.all, methods=["GET"]),
        Route("/mailbox/{mail_id:int}", mailbox.one, methods=["GET"]),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
