"""Plays the signers: reads the mailbox, follows the links and fills in the forms, as people would.

What a robot does stands in the plus tag of its address: `+decline` declines, `+never` never comes, all others sign.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from urllib.parse import urljoin

import httpx

from sandbox.forms import Control, Form, Page

POLL_SECONDS = 0.2
AT_ONCE = 32
NAME = "Robot Signer"
REASON = "A robot declines, as its address asked for."

_log = logging.getLogger(__name__)


def tags(address: str) -> set[str]:
    """The plus tags of an address, in lower case."""
    return set(address.partition("@")[0].lower().split("+")[1:])


class Robots:
    """As many hands as are needed, over HTTP; `delay_seconds` is how long one thinks between two steps."""

    def __init__(self, base_url: str, delay_seconds: float) -> None:
        self._base_url = base_url
        self._delay = delay_seconds
        self._newest_seen = 0
        self._busy = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Works until it is cancelled."""
        limits = httpx.Limits(max_connections=AT_ONCE + 1)
        headers = {"User-Agent": "sandbox-robot"}
        async with (
            httpx.AsyncClient(
                base_url=self._base_url, headers=headers, limits=limits, trust_env=False, timeout=30.0
            ) as browser,
            asyncio.TaskGroup() as hands,
        ):
            while True:
                try:
                    for address in reversed(await self._new_mails(browser)):
                        hands.create_task(self._read(browser, address))
                except httpx.HTTPError as problem:
                    _log.info("The mailbox did not answer (%s).", type(problem).__name__)
                await asyncio.sleep(POLL_SECONDS)

    async def _new_mails(self, browser: httpx.AsyncClient) -> list[str]:
        """Addresses of the messages that came since the last look, newest first."""
        found: dict[int, str] = {}
        older: str | None = "/mailbox"
        while older is not None:
            page = await self._open(browser, older)
            numbers = {int(link.href.rsplit("/", 1)[1]): link.href for link in page.links if _is_mail(link.href)}
            new = {number: href for number, href in numbers.items() if number > self._newest_seen}
            found |= new
            following = [link.href for link in page.links if "next" in link.rel.split()]
            older = urljoin(older, following[0]) if following and numbers and len(new) == len(numbers) else None
        self._newest_seen = max(found, default=self._newest_seen)
        return [found[number] for number in sorted(found, reverse=True)]

    async def _read(self, browser: httpx.AsyncClient, address: str) -> None:
        try:
            async with self._busy:
                mail = await self._open(browser, address)
            link = next((one.href for one in mail.links if "/sign/" in one.href), None)
            if link is None or "never" in tags(mail.to):
                return
            await asyncio.sleep(self._delay)
            async with self._busy:
                page = await self._open(browser, link)
            await asyncio.sleep(self._delay)
            form = _form_for(page, declines="decline" in tags(mail.to))
            if form is None:
                return  # Signed, declined, withdrawn or expired in the meantime.
            async with self._busy:
                await browser.post(urljoin(link, form.action), data=_filled(form))
        except httpx.HTTPError as problem:
            _log.info("A robot gave up on a message (%s).", type(problem).__name__)
        except Exception:
            _log.exception("A robot did not understand a page.")

    async def _open(self, browser: httpx.AsyncClient, address: str) -> Page:
        response = await browser.get(address, follow_redirects=True)
        return Page(response.text)


def _is_mail(href: str) -> bool:
    path, _, number = href.rpartition("/")
    return path.endswith("/mailbox") and number.isdigit()


def _form_for(page: Page, *, declines: bool) -> Form | None:
    wanted = "reason" if declines else "consent"
    return next((form for form in page.forms if form.has(wanted)), None)


def _filled(form: Form) -> dict[str, str]:
    """What a person in a hurry fills in: whatever is required, the rest as it stands."""
    values: dict[str, str] = {}
    for control in form.controls:
        value = _value(control)
        if value is not None and control.name not in values:
            values[control.name] = value
    return values


def _value(control: Control) -> str | None:
    fixed = {"consent": "yes", "signature_kind": "typed", "signature_text": NAME, "reason": REASON}
    if control.name in fixed:
        return fixed[control.name]
    if control.kind in ("checkbox", "radio"):
        return control.value if control.required or control.ticked else None
    if control.kind in ("button", "submit", "file", "reset"):
        return None
    if control.value or not control.required:
        return control.value
    if control.kind == "select":
        return next((option for option in control.options if option), "")
    return datetime.now(UTC).date().isoformat() if control.kind == "date" else NAME
