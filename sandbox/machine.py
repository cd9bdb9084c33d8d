"""The rules of a contract's life: each verb changes one contract and says what the world is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox import mail
from sandbox.clock import Clock
from sandbox.contract import Contract, ContractState, Event, Letter, Signer, in_order
from sandbox.fields import accepted, fields_for
from sandbox.paper import Happening, Refused, Signature

_PNG = b"\x89PNG\r\n\x1a\n"


class Change:
    """A contract on its way to its next state; `events` and `letters` are what follows from it, in order."""

    def __init__(self, contract: Contract, now: datetime) -> None:
        self.contract = contract
        self.now = now
        self.events: list[Event] = []
        self.letters: list[Letter] = []

    def put(self, signer: Signer) -> None:
        """Exchanges one signer for its new self."""
        signers = tuple(signer if one.id == signer.id else one for one in self.contract.signers)
        self.contract = replace(self.contract, signers=signers)

    def note(self, what: str, who: str = "", ip: str = "", agent: str = "") -> None:
        """Adds a line to the contract's history."""
        line = Happening(self.now, what, who, ip, agent)
        self.contract = replace(self.contract, history=(*self.contract.history, line))

    def tell(self, what: str, signer: Signer | None = None, detail: str = "") -> None:
        """Adds an event for the sender's webhook."""
        self.events.append(Event(what, self.now, signer, detail))

    def post(self, letter: Letter, signer: Signer | None = None) -> None:
        """Puts a letter into the mailbox; one that bounces is reported."""
        self.letters.append(letter)
        if letter.kind == "bounced":
            self.note("bounced", signer.name if signer else "")
            self.tell("undelivered", signer, "The mail server of the recipient refused the address.")


def create(change: Change) -> None:
    """A new draft."""
    change.note("created")
    change.tell("created")


def send(change: Change, clock: Clock) -> None:
    """A draft goes out; its signing pages close when its life is over."""
    contract, now = change.contract, change.now
    if contract.state != "draft":
        raise Refused("Only drafts can be sent.")
    due = contract.due
    if due is None and contract.life_hours is not None:
        due = now + timedelta(hours=contract.life_hours)
    expires_at = None if due is None else clock.here(due, now)
    change.contract = replace(contract, state="sent", sent_at=now, due=due, expires_at=expires_at)
    change.tell("sent")
    _invite(change)


def view(change: Change, signer_id: str, ip: str, agent: str) -> None:
    """The signer opens the page; only the first time counts."""
    signer = change.contract.signer(signer_id)
    if signer.state != "invited" or change.contract.state != "sent" or change.contract.overdue(change.now):
        return
    change.put(replace(signer, state="viewed", viewed_at=change.now))
    change.note("viewed", signer.name, ip, agent)
    change.tell("viewed", change.contract.signer(signer_id))


def sign(
    change: Change,
    signer_id: str,
    signature: Signature,
    *,
    consent: bool,
    values: Mapping[str, str],
    ip: str,
    agent: str,
) -> None:
    """The signer signs; the last one completes the contract."""
    signer = _in_turn(change, signer_id)
    if not consent:
        raise Refused("Please agree to sign electronically first.")
    if signature.kind == "typed" and not signature.text.strip():
        raise Refused("Please type your name as your signature.")
    if signature.kind == "drawn" and not (signature.png or b"").startswith(_PNG):
        raise Refused("Please draw your signature.")
    paper = change.contract.paper(change.now)
    filled = accepted(fields_for(paper, signer.party()), values)
    _signed(change, replace(signer, signature=signature, values=filled, ip=ip, agent=agent))


def decline(change: Change, signer_id: str, reason: str, *, ip: str, agent: str) -> None:
    """The signer declines, which ends the contract for everyone."""
    signer, why = _in_turn(change, signer_id), reason.strip()
    declined = replace(signer, state="declined", declined_at=change.now, decline_reason=why, ip=ip, agent=agent)
    change.put(declined)
    change.note("declined", signer.name, ip, agent)
    _end(change, "declined", reason=why, declined_by=signer_id)
    change.tell("declined", declined, why)


def withdraw(change: Change, reason: str = "") -> None:
    """The sender takes the contract back; one that has expired can still be taken back."""
    if change.contract.state == "signed":
        raise Refused("Signed contracts cannot be withdrawn.")
    if change.contract.state not in ("sent", "expired"):
        raise Refused("Only contracts that have been sent can be withdrawn.")
    change.note("withdrawn")
    _end(change, "withdrawn", reason=reason.strip())
    change.tell("withdrawn", detail=reason.strip())


def hear(change: Change, signer_id: str, what: str, words: str) -> None:
    """A signer answers outside the signing page: `message` is a text message, `mobile_wanted` a new number."""
    change.tell(what, change.contract.signer(signer_id), words)


def expire(change: Change) -> None:
    """Its time is over; does nothing when something else came first."""
    if change.contract.overdue(change.now):
        change.note("expired")
        _end(change, "expired")
        change.tell("expired")


def move_expiry(change: Change, until: datetime, clock: Clock) -> None:
    """The contract ends at another moment, in the provider's time; one that has expired is open again."""
    if change.contract.state not in ("draft", "sent", "expired"):
        raise Refused(f"This contract is {change.contract.state} and cannot be changed.")
    if until <= change.now:
        raise Refused("The new moment has to lie in the future.")
    change.contract = replace(change.contract, due=until)
    if change.contract.state != "draft":
        expires_at = clock.here(until, change.now)
        change.contract = replace(change.contract, state="sent", ended_at=None, expires_at=expires_at)
    change.note("changed")
    change.tell("due_changed")
    if change.contract.state == "sent":
        _invite(change)


def fail(change: Change, reason: str) -> None:
    """The provider finds that it cannot go on with this contract."""
    if change.contract.state not in ("draft", "sent"):
        raise Refused(f"This contract is {change.contract.state} already.")
    change.note("failed")
    _end(change, "failed", failure=reason)
    change.tell("failed", detail=reason)


def remind(change: Change, signer_id: str | None) -> None:
    """Sends the request (again) to one signer whose turn it is, or to all of them."""
    if signer_id is not None:
        _ask(change, _in_turn(change, signer_id))
        return
    _must_be_awaited(change)
    for signer in change.contract.signers:
        if signer.order == change.contract.turn() and not signer.done:
            _ask(change, signer)


def complete(change: Change) -> None:
    """The signed PDF exists: everybody receives it and the sender hears of it."""
    if change.contract.state != "signed" or change.contract.finished_at is not None:
        return
    change.contract = replace(change.contract, finished_at=change.now)
    change.note("completed")
    change.tell("completed")
    for signer in in_order(change.contract.signers):
        if signer.final_by:
            change.post(mail.final_copy(change.contract, signer, signer.final_by), signer)
    for address in change.contract.wording.copies_to:
        change.post(mail.copy_for(change.contract, address))


def add_signer(change: Change, signer: Signer) -> None:
    """One more signer. No mail goes out by itself when it is their turn already (documented)."""
    _must_be_open(change)
    turn = change.contract.turn()
    change.contract = replace(change.contract, signers=(*change.contract.signers, signer))
    changed(change, signer)
    if change.contract.state == "sent" and turn is not None and signer.order <= turn:
        change.put(replace(signer, state="invited", invited_at=change.now))
        if signer.auto_sign:
            _invite(change)


def change_signer(change: Change, signer: Signer) -> None:
    """New contact details; nothing is sent by itself (documented)."""
    _must_be_open(change)
    if change.contract.signer(signer.id).done:
        raise Refused("This signer has signed already.")
    change.put(signer)
    changed(change, signer)


def remove_signer(change: Change, signer_id: str) -> None:
    """One signer fewer; those who waited for them are invited."""
    _must_be_open(change)
    if change.contract.signer(signer_id).done:
        raise Refused("This signer has signed already.")
    rest = tuple(one for one in change.contract.signers if one.id != signer_id)
    if not rest:
        raise Refused("A contract needs at least one signer.")
    change.contract = replace(change.contract, signers=rest)
    changed(change)
    if change.contract.state == "sent":
        _invite(change)


def changed(change: Change, signer: Signer | None = None) -> None:
    """The content is another one, or a signer's details are."""
    change.note("changed", signer.name if signer else "")
    change.tell("changed", signer)


def must_be_unsigned(change: Change) -> None:
    """The text may change only while nobody has signed it."""
    _must_be_open(change)
    if any(signer.done for signer in change.contract.signers):
        raise Refused("The content cannot be changed any more: somebody has signed it.")


def _must_be_open(change: Change) -> None:
    """An expired contract may be put right and its end be moved."""
    if change.contract.state not in ("draft", "sent", "expired"):
        raise Refused(f"This contract is {change.contract.state} and cannot be changed.")


def _must_be_awaited(change: Change) -> None:
    contract = change.contract
    if contract.state == "draft":
        raise Refused("This contract has not been sent yet.")
    if contract.overdue(change.now) or contract.state == "expired":
        raise Refused("This contract has expired.")
    if contract.state != "sent":
        raise Refused(f"This contract has {'been ' if contract.state != 'failed' else ''}{contract.state}.")


def _in_turn(change: Change, signer_id: str) -> Signer:
    signer = change.contract.signer(signer_id)
    if signer.done and change.contract.state in ("sent", "signed", "expired"):
        raise Refused("This signer has signed already.")
    _must_be_awaited(change)
    if signer.state == "waiting" or signer.order != change.contract.turn():
        raise Refused("Somebody else has to sign first.")
    return signer


def _invite(change: Change) -> None:
    """Asks everyone whose turn it is; those who sign by themselves do so, which may give the next ones their turn."""
    turn = change.contract.turn()
    if turn is None:
        change.contract = replace(change.contract, state="signed")
        change.tell("all_signed")
        return
    for signer in change.contract.signers:
        if signer.order == turn and signer.state == "waiting":
            change.put(replace(signer, state="invited", invited_at=change.now))
            if not signer.auto_sign:
                _ask(change, change.contract.signer(signer.id))
    for signer in change.contract.signers:
        if signer.order == turn and signer.state == "invited" and signer.auto_sign:
            _signed(change, replace(signer, signature=Signature("typed", signer.name)))


def _ask(change: Change, signer: Signer) -> None:
    """Where no way of asking was chosen, only the event tells that the signer's turn has come."""
    again = signer.asked
    if again:
        signer = replace(signer, reminded=signer.reminded + 1, reminded_at=change.now)
    change.put(replace(signer, asked=True))
    if signer.request_by:
        change.note("reminded" if again else "sent", signer.name)
    change.tell("reminded" if again else "invited", change.contract.signer(signer.id))
    for channel in signer.request_by:
        change.post(mail.request(change.contract, signer, channel, again=again), signer)


def _signed(change: Change, signer: Signer) -> None:
    change.put(replace(signer, state="signed", signed_at=change.now))
    change.note("signed", signer.name, signer.ip, signer.agent)
    change.tell("signed", change.contract.signer(signer.id))
    if change.contract.turn() != signer.order:
        _invite(change)


def _end(change: Change, state: ContractState, *, reason: str = "", declined_by: str = "", failure: str = "") -> None:
    change.contract = replace(
        change.contract, state=state, ended_at=change.now, reason=reason, declined_by=declined_by, failure=failure
    )
