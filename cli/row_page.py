"""Shows what one row of a sheet would send, to the letter, and writes its document as a PDF."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.failures import AnswerIsNo, BadUsage
from cli.plan_page import WORDS, heading, why
from cli.tables import one_line, printable
from connectors.signing.model import SignatureRequest
from connectors.signing.provider import Capability
from flows.send.as_pdf import sent_as_pdf
from flows.send.judging import BAD
from flows.send.plan import Plan, PlanRow, PlanVerdict
from recipes.rendering import Rendered

if TYPE_CHECKING:
    from ledger.store import Ledger


async def show_rows(ledger: Ledger, plan: Plan, rows: Sequence[PlanRow]) -> None:
    """Print what reaches people through each of these rows; one that cannot be sent says why."""
    print(heading(plan))
    for row in rows:
        ways = [command async for command in _corrections(ledger, plan, row)]
        _show(plan, row, ways)


async def _corrections(ledger: Ledger, plan: Plan, row: PlanRow) -> AsyncIterator[str]:
    """The commands after which this edited row is as it was sent, if corrections of its signers are all it takes."""
    known = row.known
    if row.verdict is not PlanVerdict.EDITED or known is None or not known.state.open:
        return
    if Capability.CORRECT_SIGNER not in plan.sending.provider.capabilities:
        return
    from ledger.correcting import corrections

    request = plan.rendered(row).request
    for role, correction in (await corrections(ledger, known.request_id, request)).items():
        who = ["--role", role] if len(request.signers) > 1 else []
        words = [word for name, value in correction.given.items() for word in (f"--{name}", value)]
        yield shlex.join(["esign", "request", "correct", known.request_id, *who, *words])


def _show(plan: Plan, row: PlanRow, ways: Sequence[str]) -> None:
    print(f"\nRow {row.row} · {one_line(row.key or 'no key')} · {WORDS[row.verdict]}")
    if row.verdict in BAD:
        for fault in row.faults:
            print(f"  {one_line(fault)}")
        return
    if said := why(row):
        print(f"  {one_line(said)}")
    for command in ways:
        print(f"  to correct what is out: {one_line(command)}")
    for line in _content(plan, plan.rendered(row)):
        print(line)


def write_pdf(plan: Plan, row: PlanRow, file: Path) -> str:
    """Write the row's document to `file`, and say so. Raises `AnswerIsNo` where there is none to be had, and `BadUsage`
    for a file that cannot be written, or is something else: the sheet's name is quickly given twice."""
    if row.verdict in BAD:
        raise AnswerIsNo(f"Row {row.row} cannot be sent, so it has no document: {row.problem}")
    from flows.send.drawing import drawn  # the libraries for PDFs take half a second to import

    request = plan.rendered(row).request
    document = drawn(plan.sending.provider, request)
    title = plan.sending.provider.title
    if document.pdf is None:
        raise AnswerIsNo(f"The document is the template {document.template} kept at {title}: look at it there.")
    try:
        if file.is_file() and not _is_pdf(file):
            raise BadUsage(f"{file} is there already and is no PDF: name another file with --pdf.")
        file.write_bytes(document.pdf)
    except OSError as error:
        raise BadUsage(f"{file} cannot be written ({error.strerror}): name another place with --pdf.") from None
    preview = "" if sent_as_pdf(plan.sending.provider, request.document) else f"; {title} makes its own of the text"
    return f"The document of row {row.row} is in {file}{preview}."


def _is_pdf(file: Path) -> bool:
    """Whether writing over it loses nothing but an earlier look."""
    with file.open("rb") as there:
        return there.read(5) in {b"%PDF-", b""}


def _content(plan: Plan, rendered: Rendered) -> Iterator[str]:
    request = rendered.request
    yield f"  Title     {one_line(request.title)}"
    for signer in sorted(request.signers, key=lambda one: one.order):
        more = [part for part in (signer.mobile, signer.company) if part]
        yield f"  Signer {signer.order}  " + one_line(
            f"{signer.role}: {signer.name} <{signer.email}>{''.join(f', {part}' for part in more)}"
        )
    if request.reply_to:
        yield f"  Answers   {one_line(request.reply_to)}"
    if request.message:
        yield from _block("Message", request.message)
    for name, value in request.fields.items():
        yield f"  Field     {one_line(name)} = {one_line(value)}"
    yield f"  Archive   {one_line(rendered.archive_name)}"
    if request.expires_in_hours:
        yield f"  Expires   {_hours(request.expires_in_hours)} after it is sent"
    yield from _document(plan, request)


def _document(plan: Plan, request: SignatureRequest) -> Iterator[str]:
    document = request.document
    if document.template is not None:
        yield f"  Document  the template {document.template} kept at {plan.sending.provider.title}"
    elif document.pdf is not None:
        yield f"  Document  {plan.recipe.document}, a PDF of {len(document.pdf):,} bytes; --pdf FILE writes it"
    else:
        yield from _block("Document", document.markdown or "")
        yield "  --pdf FILE writes the document as a PDF."


def _block(name: str, text: str) -> Iterator[str]:
    """A text of several lines, set off from the rest."""
    yield f"  {name}"
    for line in text.strip().splitlines():
        yield f"    │ {printable(line)}"


def _hours(hours: int) -> str:
    return f"{hours // 24} days" if hours % 24 == 0 and hours > 24 else f"{hours} hours"
