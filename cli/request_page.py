"""One request as a page on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cli.tables import show
from ledger.dossier import Dossier


def show_page(one: Dossier) -> None:
    """Print how a request stands, who signs it, what was tried and heard, and what needs a person."""
    print(f"{one.id}  {one.state}  row {one.row}, {one.key}  {one.batch_id}")
    print(f"{one.provider}/{one.account} ({one.mode}), campaign {one.campaign}, round {one.round}, mark {one.ref}")
    facts = {
        "problem": one.problem,
        "provider's id": one.provider_id,
        "sent": _when(one.sent_at),
        "expires": _when(one.expires_at),
        "ended": _when(one.closed_at),
        "archived": one.archived_as,
    }
    for name, fact in facts.items():
        if fact:
            print(f"{name}: {fact}")
    people = [(s.position, s.order, s.role, s.name, s.email, s.state, s.reminded, _when(s.next_reminder_at))
              for s in one.signers]  # fmt: skip
    _part("Signers", ("no.", "order", "role", "name", "address", "state", "reminded", "next reminder"), people)
    tries = [(a.number, _when(a.started_at), a.outcome or "under way, or its process died", a.provider_id, a.problem)
             for a in one.attempts]  # fmt: skip
    _part("Attempts", ("no.", "started", "outcome", "provider's id", "problem"), tries)
    reminders = [(r.signer_id.rpartition(".")[2], _when(r.begun_at), r.outcome or "perhaps") for r in one.reminders]
    _part("Reminders", ("signer", "begun", "went out"), reminders)
    _part("History", ("when", "what", "provider's word", "why"),
          [(_when(line.at), line.what, line.name, line.reason) for line in one.history])  # fmt: skip
    for person in one.signers:
        if person.state == "bounced" and one.state.open:
            how = f"`esign request correct {one.id} --role {person.role} --email …`"
            print(f"Needs a person: the invitation did not reach {person.role}; {how} gives another address.")
    for incident in one.incidents:
        print(f"Needs a person: {incident.kind}, under the provider's id {incident.provider_id}.")
    for effect in one.stuck:
        print(f"Needs a person: '{effect.kind}' has failed {effect.tries} times ({effect.problem}).")
    for effect in one.unclear:
        print(f"Perhaps nobody was told: {effect.problem}")
    if one.state == "uncertain":
        print(f"Needs a person: look at the provider, then `esign request resolve {one.id} --sent ID`, or --not-sent.")


def _part(title: str, columns: tuple[str, ...], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        print(f"\n{title}")
        show(columns, rows)


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
