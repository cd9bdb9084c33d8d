"""New signature requests: Send Signature Request, and Send Signature Request from Template."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.responses import Response

from sandbox import ids, uploads
from sandbox.contract import Contract, Signer, Wording
from sandbox.engine import Engine, Refused
from sandbox.lumin import answers, tags, templates
from sandbox.lumin.calls import ActionTable, Call, Problem, answer
from sandbox.lumin.processing import INVALID, Processing
from sandbox.lumin.requests import FromFile, FromTemplate, NewRequest, Person, SignerWithRole, Verification
from sandbox.lumin.times import moment_of
from sandbox.paper import PDF, Placed

SENDER = answers.USER["name"]


class Creating:
    """Both calls answer before the request is processed."""

    def __init__(self, processing: Processing) -> None:
        self._processing = processing

    def actions(self) -> ActionTable:
        """They come before the calls with an id in their place."""
        return [
            ("POST", "/signature_request/send", self.from_file),
            ("POST", "/signature_request/send-from-template", self.from_template),
        ]

    async def from_file(self, call: Call) -> Response:
        """Send Signature Request, as JSON with addresses of files or as a form with files."""
        call.query()
        wanted, files = await call.json_or_form(FromFile)
        _licensed(one.verification for one in wanted.signers)
        _in_future(wanted, call.engine)
        upload = await call.engine.keep_upload(await _content(wanted, files), PDF)
        ordered = wanted.signing_type == "ORDER"
        # "The default value for group always is 1 if signing_type is SAME_TIME."
        signers = [_signer(one, one.group or 1 if ordered else 1) for one in wanted.signers]
        placed, invalid = await _tagged(call.engine, upload, signers) if wanted.use_text_tags else ((), "")
        extra = {"signing_type": wanted.signing_type, **({INVALID: invalid} if invalid else {})}
        return await self._create(call, wanted, signers, upload, placed, extra)

    async def from_template(self, call: Call) -> Response:
        """Send Signature Request from Template; the signing type is the template's."""
        call.query()
        wanted = await call.json(FromTemplate)
        _licensed(one.verification for one in wanted.signers)
        _in_future(wanted, call.engine)
        template = templates.TEMPLATES.get(wanted.template_id)
        if template is None:
            raise Problem(404, "not_found", "There is no template with this id; it includes its prefix.")
        _check_roles(template, wanted.signers)
        for kind, given, known in (
            ("tags", wanted.tags, template.tags),
            ("fields", wanted.fields, {one.name: one.required for one in template.fields}),
            ("variables", wanted.variables, {}),
        ):
            _check_names(kind, given, known, all_of_them=kind == "tags")
        groups = dict(template.roles) if template.signing_type == "ORDER" else {}
        signers = [_signer(one, groups.get(one.signer_role or "", 1)) for one in wanted.signers]
        drawn = await asyncio.to_thread(templates.drawn, template, wanted.tags, wanted.fields, signers)
        upload = await call.engine.keep_upload(drawn.pdf, PDF)
        extra = {"signing_type": template.signing_type, "template_id": template.id}
        return await self._create(call, wanted, signers, upload, drawn.placed, extra)

    async def _create(
        self,
        call: Call,
        wanted: NewRequest,
        signers: Sequence[Signer],
        upload: str,
        placed: tuple[Placed, ...],
        extra: dict[str, Any],
    ) -> Response:
        contract = Contract(
            id=ids.hexadecimal(24),
            dialect="lumin",
            title=wanted.title,
            body="",
            sender=SENDER,
            created_at=call.engine.clock.now(),
            signers=tuple(signers),
            upload=upload,
            placed=placed,
            due=moment_of(wanted.expires_at),
            wording=_wording(wanted),
            extra=extra | {"viewers": [one.model_dump() for one in wanted.viewers]},
        )
        contract = await call.engine.create(contract, sent=False)
        return answer(answers.created(contract), 201, self._processing.afterwards(contract.id))


async def _content(wanted: FromFile, files: Mapping[str, list[UploadFile]]) -> bytes:
    """Exactly one of the four fields has to be there; several files become one document."""
    given = [name for name in ("file_url", "file_urls") if getattr(wanted, name) is not None] + list(files)
    if len(given) != 1:
        raise Problem(400, "bad_request", "Exactly one of file, files, file_url and file_urls is required.")
    if wanted.file_url is not None:
        return await _fetched(wanted.file_url)
    if wanted.file_urls is not None:
        return await asyncio.to_thread(uploads.joined, [await _fetched(url) for url in wanted.file_urls])
    name = given[0]
    if name == "file" and len(files[name]) > 1:
        raise Problem(400, "bad_request", "file: there are several; files[0], files[1] and so on are for that.")
    contents = [await uploads.content_of(one) for one in files[name]]
    return contents[0] if len(contents) == 1 else await asyncio.to_thread(uploads.joined, contents)


async def _fetched(url: str) -> bytes:
    """Nothing leaves the machine: a file from elsewhere is not fetched."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Problem(400, "bad_request", "A file's address has to be a full web address.")
    if not _of_this_machine(parts.hostname):
        raise Problem(400, "bad_request", "The sandbox fetches files from this machine only, such as 127.0.0.1.")
    return await uploads.fetched(url)


def _of_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _tagged(engine: Engine, upload: str, signers: Sequence[Signer]) -> tuple[tuple[Placed, ...], str]:
    """The tags of a file are looked for once, however often it is sent."""
    known = await engine.noted("tags", upload)
    if known is None:
        try:
            known = await asyncio.to_thread(tags.found_in, await engine.uploaded(upload))
        except tags.Unreadable:
            return (), "The file cannot be searched for text tags."
        await engine.note("tags", upload, known)
    return tags.fields([tags.Tag(*one) for one in known], signers)


def _signer(wanted: Person, group: int) -> Signer:
    role = wanted.signer_role or "" if isinstance(wanted, SignerWithRole) else ""
    return Signer(id=ids.hexadecimal(32), name=wanted.name, email=wanted.email_address, order=group, role=role)


def _wording(wanted: NewRequest) -> Wording:
    """Viewers may look at the document and sign nothing; they get a copy in the end (how is not documented)."""
    title = wanted.custom_email.title
    return Wording(
        request_subject=wanted.custom_email.subject_name or "",
        request_text=f"{title}\n\nTo review and sign “{wanted.title}” please press the button below.\n\n{SENDER}"
        if title
        else "",
        copies_to=tuple(one.email_address for one in wanted.viewers),
        reply_to=wanted.custom_email.sender_email or "",
    )


def _licensed(verifications: Iterable[Verification | None]) -> None:
    if any(verifications):
        message = "Verifying signers is an add-on that this workspace has no licence for."
        raise Problem(403, "verification_not_licensed", message)


def _in_future(wanted: NewRequest, engine: Engine) -> None:
    """ "Should be later than today" (`expires_at`), taken as: in the future."""
    if moment_of(wanted.expires_at) <= engine.clock.now():
        raise Refused("expires_at: the moment has to lie in the future; it is in milliseconds.")


def _check_roles(template: templates.Template, signers: Sequence[SignerWithRole]) -> None:
    """The role is required when the template has some, and has to be one of them. That each needs exactly one signer is
    not documented."""
    given, known = [one.signer_role for one in signers], [name for name, _ in template.roles]
    if None in given:
        raise Problem(400, "bad_request", "signers.signer_role is required, as the template has roles.")
    if sorted(filter(None, given)) != sorted(known):
        raise Problem(400, "bad_request", f"signers.signer_role: there has to be one signer for each of {known}.")


def _check_names(kind: str, given: Mapping[str, Any], known: Mapping[str, bool], *, all_of_them: bool) -> None:
    """Keys have to be names of the template, and tags that it requires have to be there; fields the signers can fill
    in themselves."""
    for name in given:
        if name not in known:
            raise Problem(400, "bad_request", f"{kind}.{name}: the template has nothing of this name.")
    missing = [name for name, required in known.items() if required and name not in given]
    if all_of_them and missing:
        raise Problem(400, "bad_request", f"{kind}.{missing[0]}: this is required.")
