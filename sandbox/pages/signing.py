"""The hosted signing page: read, fill in, sign or decline, on a phone or a desktop, with or without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.pages import forms, signature, uploaded
from sandbox.pages.answers import origin, page
from sandbox.pages.reading import as_html
from sandbox.pages.standing import standing
from sandbox.paper import NotFound, Paper, Party, Refused
from sandbox.people import People

_STALE = "This page was too old; please check what it says and press the button again."
_LONGEST_REASON = 2000
_MISSING = "This signing link does not exist. Please check that you have copied all of it from the message."


@dataclass(frozen=True)
class Visit:
    """One person at one signing link."""

    request: Request
    paper: Paper
    party: Party

    @property
    def embedded(self) -> bool:
        """Whether another site shows the page in a frame."""
        return self.request.query_params.get("embedded") == "yes"

    @property
    def query(self) -> str:
        """The part of the address that the next page has to keep."""
        kept = {name: "yes" for name in ("embedded", "redirect_iframe") if self.request.query_params.get(name) == "yes"}
        return f"?{urlencode(kept)}" if kept else ""

    @property
    def ip(self) -> str:
        """Where the call came from."""
        return self.request.client.host if self.request.client else ""

    @property
    def agent(self) -> str:
        """What the browser calls itself."""
        return self.request.headers.get("user-agent", "")[:300]


class Signing:
    """What happens at a signing link."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._tokens = forms.Tokens()

    async def show(self, request: Request) -> Response:
        """The page as it is at this moment. A HEAD request, as link checkers make, does not count as a view."""
        visit = await self._visit(request)
        if visit is None:
            return _missing()
        if standing(visit.paper, visit.party).open and request.method == "GET":
            await self._people.viewed(visit.party.id, visit.ip, visit.agent)
        return await self._page(visit)

    async def sign(self, request: Request) -> Response:
        """Signs, then leads to where the sender wants the signer to go, or says thank you."""
        form = await forms.read(request)
        visit = await self._visit(request)
        if visit is None:
            return _missing()
        if not self._tokens.genuine(visit.party.id, form.get("form", "")):
            return await self._page(visit, _STALE, form, status=403)
        try:
            await self._people.sign(
                visit.party.id,
                signature.from_form(form),
                consent=form.get("consent") == "yes",
                values=forms.field_values(form),
                ip=visit.ip,
                agent=visit.agent,
            )
        except NotFound:
            return _missing()
        except Refused as refusal:
            return await self._page(await self._visit(request) or visit, str(refusal), form, status=422)
        return RedirectResponse(_next(visit), 303, {"cache-control": "no-store"})

    async def decline(self, request: Request) -> Response:
        """Declines, which ends the request for everybody; so the form asks twice."""
        form = await forms.read(request)
        visit = await self._visit(request)
        if visit is None:
            return _missing()
        if not self._tokens.genuine(visit.party.id, form.get("form", "")):
            return await self._page(visit, _STALE, form, declining=True, status=403)
        try:
            await self._people.decline(visit.party.id, _reason(form), ip=visit.ip, agent=visit.agent)
        except NotFound:
            return _missing()
        except Refused as refusal:
            visit = await self._visit(request) or visit
            return await self._page(visit, str(refusal), form, declining=True, status=422)
        return RedirectResponse(f"/sign/{visit.party.id}{visit.query}", 303, {"cache-control": "no-store"})

    async def document(self, request: Request) -> Response:
        """The uploaded file, for whoever may read it at this link."""
        visit = await self._visit(request)
        if visit is None or not visit.paper.upload or not standing(visit.paper, visit.party).readable:
            return _missing()
        return uploaded.file(visit.paper, await self._people.upload(visit.paper))

    async def _visit(self, request: Request) -> Visit | None:
        found = await self._people.paper_for_signer(request.path_params["signer_id"])
        return None if found is None else Visit(request, *found)

    async def _page(
        self,
        visit: Visit,
        problem: str = "",
        form: Mapping[str, str] | None = None,
        *,
        declining: bool = False,
        status: int = 200,
    ) -> Response:
        """The form where the signer can sign, else where the matter stands."""
        paper, party, now = visit.paper, visit.party, standing(visit.paper, visit.party)
        values = None if form is None or declining else forms.field_values(form)
        return page(
            "sign.html" if now.open else "standing.html",
            status=status,
            embedded=visit.embedded,
            redirect_url=paper.redirect_url,
            paper=paper,
            party=party,
            standing=now,
            problem=problem,
            form=form or {},
            declining=declining,
            token=self._tokens.token(party.id),
            query=visit.query,
            onward=paper.redirect_url if now.done and origin(paper.redirect_url) else "",
            viewer=bool(paper.upload),
            document=await self._document(visit, values) if now.readable else "",
        )

    async def _document(self, visit: Visit, values: Mapping[str, str] | None) -> Markup:
        paper, party, editable = visit.paper, visit.party, standing(visit.paper, visit.party).open
        if not paper.upload:
            return as_html(paper, party, values, editable=editable)
        return uploaded.as_html(paper, party, await self._people.texts(paper), values, editable=editable)


def _reason(form: Mapping[str, str]) -> str:
    """Raises Refused when there is no reason, or no second yes."""
    reason = form.get("reason", "").strip()
    if not reason:
        raise Refused("Please say in a few words why you do not want to sign.")
    if form.get("sure") != "yes":
        raise Refused("Please tick that you are sure: declining ends the request for everybody.")
    return reason[:_LONGEST_REASON]


def _next(visit: Visit) -> str:
    """Where the signer goes after signing. Inside a frame the redirect is for the whole window, which only a link can
    do without a script, unless the sender asked for the frame alone (`redirect_iframe=yes`, as documented)."""
    within = not visit.embedded or visit.request.query_params.get("redirect_iframe") == "yes"
    if within and origin(visit.paper.redirect_url):
        return visit.paper.redirect_url
    return f"/sign/{visit.party.id}{visit.query}"


def _missing() -> Response:
    return page("missing.html", status=404, what=_MISSING)
