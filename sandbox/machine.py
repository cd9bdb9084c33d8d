"""The rules of a contract's life: each verb changes one contract and says what the world is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox import mail
from sandbox.contract import Contract, Event, Letter, Signer, in_order
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
        self.events.append(Event(what, signer, detail))

    def post(self, letter: Letter, signer: Signer | None = None) -> None:
        """Puts a letter into the mailbox; one that bounces is reported."""
        self.letters.append(letter)
        if letter.kind == "bounced":
            self.note("bounced", signer.name if signer else "")
            self.tell("undelivered", signer, "The mail server of the recipient refused the address.")


def send(change: Change, life: timedelta | None) -> None:
    """A draft goes out; its signing pages close after `life`."""
    if change.contract.state != "draft":
        raise Refused("Only drafts can be sent.")
    expires_at = change.now + life if life is not None else None
    change.contract = replace(change.contract, state="sent", expires_at=expires_at)
    _invite(change)


def view(change: Change, signer_id: str, ip: str, agent: str) -> None:
    """The signer opens the page; only the first time counts."""
    signer = change.contract.signer(signer_id)
    if signer.state != "invited" or change.contract.state != "sent" or change.contract.expired(change.now):
        return
    change.put(replace(signer, state="viewed"))
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
    """The signer declines, which withdraws the contract for everyone (documented at contract-withdrawn)."""
    signer = _in_turn(change, signer_id)
    change.put(replace(signer, state="declined", ip=ip, agent=agent))
    change.note("declined", signer.name, ip, agent)
    change.tell("declined", change.contract.signer(signer_id), reason.strip())
    _close(change)


def withdraw(change: Change) -> None:
    """The sender takes the contract back."""
    if change.contract.state == "signed":
        raise Refused("Signed contracts cannot be withdrawn.")
    if change.contract.state != "sent":
        raise Refused("Only contracts that have been sent can be withdrawn.")
    _close(change)


def remind(change: Change, signer_id: str) -> None:
    """Sends the request to a signer (again)."""
    signer = _in_turn(change, signer_id)
    _deliver(change, signer)


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
    if change.contract.state == "sent" and turn is not None and signer.order <= turn:
        change.put(replace(signer, state="invited"))
        if signer.auto_sign:
            _invite(change)


def change_signer(change: Change, signer: Signer) -> None:
    """New contact details; nothing is sent by itself (documented)."""
    _must_be_open(change)
    if change.contract.signer(signer.id).done:
        raise Refused("This signer has signed already.")
    change.put(signer)
    change.note("changed", signer.name)


def remove_signer(change: Change, signer_id: str) -> None:
    """One signer fewer; those who waited for them are invited."""
    _must_be_open(change)
    if change.contract.signer(signer_id).done:
        raise Refused("This signer has signed already.")
    rest = tuple(one for one in change.contract.signers if one.id != signer_id)
    if not rest:
        raise Refused("A contract needs at least one signer.")
    change.contract = replace(change.contract, signers=rest)
    if change.contract.state == "sent":
        _invite(change)


def must_be_unsigned(change: Change) -> None:
    """The text may change only while nobody has signed it."""
    _must_be_open(change)
    if any(signer.done for signer in change.contract.signers):
        raise Refused("The content cannot be changed any more: somebody has signed it.")


def _must_be_open(change: Change) -> None:
    if change.contract.state not in ("draft", "sent"):
        raise Refused(f"This contract is {change.contract.state} and cannot be changed.")


def _in_turn(change: Change, signer_id: str) -> Signer:
    contract = change.contract
    signer = contract.signer(signer_id)
    if contract.state == "withdrawn":
        raise Refused("This contract has been withdrawn.")
    if contract.state == "draft":
        raise Refused("This contract has not been sent yet.")
    if signer.done:
        raise Refused("This signer has signed already.")
    if contract.expired(change.now):
        raise Refused("This contract has expired.")
    if signer.state == "waiting" or signer.order != contract.turn():
        raise Refused("Somebody else has to sign first.")
    return signer


def _invite(change: Change) -> None:
    """Asks everyone whose turn it is; those who sign by themselves do so, which may give the next ones their turn."""
    turn = change.contract.turn()
    if turn is None:
        change.contract = replace(change.contract, state="signed")
        return
    for signer in change.contract.signers:
        if signer.order == turn and signer.state == "waiting":
            change.put(replace(signer, state="invited"))
            if not signer.auto_sign:
                _deliver(change, change.contract.signer(signer.id))
    for signer in change.contract.signers:
        if signer.order == turn and signer.state == "invited" and signer.auto_sign:
            _signed(change, replace(signer, signature=Signature("typed", signer.name)))


def _deliver(change: Change, signer: Signer) -> None:
    if not signer.request_by:
        return
    again = signer.asked
    change.put(replace(signer, asked=True))
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


def _close(change: Change) -> None:
    change.contract = replace(change.contract, state="withdrawn")
    change.note("withdrawn")
    change.tell("withdrawn")
