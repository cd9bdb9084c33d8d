"""Says what a correction of a signer changes, how it went, and what to do with the row in the sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.failures import OutsideFailed
from cli.tables import one_line

if TYPE_CHECKING:
    from flows.batch.correct import Corrected
    from flows.batch.correctable import Change
    from ledger.dossier import Dossier

WORDS = {"name": "name", "email": "e-mail address", "mobile": "mobile number"}


def show_change(change: Change) -> None:
    """Print what becomes what, for whoever is asked to confirm it."""
    for name, value in change.correction.given.items():
        before = getattr(change.signer, name) or "none"
        print(one_line(f"{change.signer.role}, {WORDS[name]}: {before} → {value}"))


def show_corrected(request: Dossier, change: Change, done: Corrected) -> None:
    """Print that it is done. Raises `OutsideFailed` if the signer has to be asked anew and was not."""
    from flows.remind.job import NOT_SENT, PERHAPS

    who = f"{change.signer.role} of {request.id}"
    remind = f"`esign request remind {request.id}`"
    if done.asked == NOT_SENT:
        raise OutsideFailed(f"{who} is corrected, but the provider could not be told to ask them anew: give {remind}.")
    told = {None: ".", PERHAPS: f"; nobody knows whether they were asked anew, {remind} asks once more."}
    print(f"{who} is corrected{told.get(done.asked, ' and asked to sign anew.')}")
    print(
        "Leave its row in the sheet as it is: what was corrected is part of the row's key."
        if change.in_key(request.key)
        else "Correct its row in the sheet as well. The document stays as it was sent."
    )
