"""The mailbox: every message the sandbox would have sent, newest first."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sandbox.pages.answers import origin, page
from sandbox.people import People

MOST = 50
_KINDS = {
    "request": "Request",
    "reminder": "Reminder",
    "final": "Signed copy",
    "cc": "Copy",
    "sms": "Text message",
    "bounced": "Not delivered",
}


class Mailbox:
    """Its two pages."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def all(self, request: Request) -> Response:
        """One page of messages; `?before=` a message's number shows older ones."""
        asked = request.query_params.get("before", "")
        before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 18 else None
        found = await self._people.mails(MOST + 1, before)
        older = found[MOST - 1].id if len(found) > MOST else None
        return page("mailbox.html", mails=found[:MOST], kinds=_KINDS, before=before, older=older)

    async def one(self, request: Request) -> Response:
        """One message."""
        mail = await self._people.mail(request.path_params["mail_id"])
        if mail is None:
            return page("missing.html", status=404, what="This message does not exist.")
        link = mail.link if mail.link and origin(mail.link) else None
        return page("mail.html", mail=mail, link=link, kind=_KINDS.get(mail.kind, mail.kind))
