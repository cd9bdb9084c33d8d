"""One request with its signers, as it reacts to news; no database in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.signing.model import Event, EventType, SignerSnapshot, Snapshot
from ledger.drafts import Reminders
from ledger.states import (
    REPORTED_BY_EVENT,
    REPORTED_BY_STATUS,
    SIGNER_BY_EVENT,
    SIGNER_BY_STATUS,
    RequestState,
    SignerState,
    accepted,
    after,
    signer_after,
)
from ledger.wants import Want, notice, prefect_event

NEEDS_AN_EYE = frozenset({"declined", "bounced", "expired", "failed"})
"""What the owner is told beside the sheet: somebody has to decide how it goes on."""

TOLD_ANYWAY = frozenset(
    {
        EventType.BOUNCED,
        EventType.REMINDED,
        EventType.CONTACT_CHANGE_ASKED,
        EventType.MESSAGE_RECEIVED,
        EventType.CANCEL_FAILED,
        EventType.DUE_DATE_CHANGED,
    }
)
"""Events that change nothing here and are passed on to Prefect all the same."""

DOCUMENT_PATIENCE = timedelta(minutes=15)
"""How long after everybody has signed the document is waited for before it is asked for unannounced."""

_BEFORE_SENT = (RequestState.PLANNED, RequestState.SENDING, RequestState.UNCERTAIN)


@dataclass
class Person:
    """One signer. `order` as in the request; `reminded` counts the reminders begun."""

    id: str
    position: int
    order: int
    email: str
    state: SignerState = SignerState.WAITING
    provider_signer_id: str | None = None
    sign_url: str | None = field(default=None, repr=False)
    invited_at: datetime | None = None
    viewed_at: datetime | None = None
    signed_at: datetime | None = None
    declined_at: datetime | None = None
    reminded: int = 0
    next_reminder_at: datetime | None = None

    def become(self, reported: SignerState, at: datetime) -> bool:
        """Take in news; late news still says when something was. Whether the state changed."""
        if reported in (SignerState.INVITED, SignerState.VIEWED, SignerState.SIGNED, SignerState.DECLINED):
            self.invited_at = self.invited_at or at  # who saw or signed it was asked, whether or not we heard of it
        if reported is SignerState.VIEWED:
            self.viewed_at = self.viewed_at or at
        elif reported is SignerState.SIGNED:
            self.signed_at = self.signed_at or at
        elif reported is SignerState.DECLINED:
            self.declined_at = self.declined_at or at
        before, self.state = self.state, signer_after(self.state, reported)
        return self.state is not before

    def is_called(self, email: str | None) -> bool:
        return email is not None and self.email.strip().casefold() == email.strip().casefold()


@dataclass(frozen=True)
class Happening:
    """One line of a request's history."""

    what: str
    name: str
    at: datetime
    signer_id: str | None = None
    reason: str | None = None
    delivery_id: int | None = None


@dataclass
class Case:
    """A request and its signers. What follows from the news is collected in `happenings`, `wanted`, `incidents`."""

    id: str
    batch_id: str
    state: RequestState
    attempts: int = 0
    provider_id: str | None = None
    problem: str | None = None
    document_url: str | None = None
    expires_in_hours: int | None = None
    reminders: Reminders | None = None
    sent_at: datetime | None = None
    expires_at: datetime | None = None
    closed_at: datetime | None = None
    last_event: str | None = None
    last_event_at: datetime | None = None
    people: list[Person] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    wanted: list[Want] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)

    # -- news --------------------------------------------------------------------------------------------------

    def accept(self, provider_id: str, at: datetime) -> bool:
        """The provider has it under this id; False for a second id, which is kept as the incident *sent twice*."""
        if self.provider_id is not None:
            if self.provider_id != provider_id:
                self.incidents.append(provider_id)
            return self.provider_id == provider_id
        self._got_through(at)
        self.provider_id = provider_id
        self._turn_over(at)
        return True

    def observe(self, snapshot: Snapshot, at: datetime) -> bool:
        """Take in what the provider answers about the request; whether anything changed."""
        before = (self.state, self.provider_id)
        if not self.accept(snapshot.id, at):
            return True
        self._meet(snapshot.signers)
        seen = self._see(snapshot.signers, at)
        for state, who in seen:
            self.note(state.value, "status", at)
            self._tell(state.value, who.id, at)
        self.document_url = snapshot.document_url or self.document_url
        self.expires_at = self.expires_at or snapshot.expires_at
        reported = REPORTED_BY_STATUS.get(snapshot.status)
        if reported is not None and self._move(reported, snapshot.completed_at or at):
            self.note(self.state.value, "status", at, reason=snapshot.reason)
            self._tell(self.state.value, "status", at)
            if self.state.terminal and snapshot.reason:
                self.problem = snapshot.reason
        self._turn_over(at)
        return bool(seen) or before != (self.state, self.provider_id)

    def confirm(self, event: Event, snapshot: Snapshot, at: datetime, delivery_id: int) -> None:
        """Take in what the provider answered when asked about an event that itself proves nothing."""
        person = self._person(event)
        who = person.id if person else None
        self.happenings.append(Happening(event.type.value, event.name, at, who, event.reason, delivery_id))
        self.wanted.append(Want(self.id, "sheet"))
        self.observe(snapshot, at)

    def leave_unconfirmed(self, event: Event, at: datetime, delivery_id: int, problem: str | None) -> None:
        """Keep an event about which nobody was asked; or, where it could not be confirmed, say so in the request's row
        and nowhere else: what was only claimed is no history."""
        self.wanted.append(Want(self.id, "sheet"))
        if problem is None:
            self.happenings.append(Happening(event.type.value, event.name, at, None, None, delivery_id))
            return
        taken_back = self.state is RequestState.CANCELED and self.sent_at is None
        thought_unsent = taken_back or self.state in (RequestState.PLANNED, RequestState.SENDING, RequestState.FAILED)
        if self.provider_id is None and thought_unsent:
            # its webhook proves that the provider has it, whatever somebody concluded: it must not go out again, be it
            # claimed for that already; a call under way still says how it ended
            self.state, self.closed_at = RequestState.UNCERTAIN, None
        if not self.state.terminal:
            self.problem = problem

    def report(self, event: Event, at: datetime, delivery_id: int | None = None) -> None:
        """Take in one event. Late and repeated ones are kept in the history and move nothing backwards."""
        if event.provider_id is None:
            ours = True  # found by our own mark, which proves that the provider has it
            self._got_through(at)
        else:
            ours = self.accept(event.provider_id, at)
        person = self._person(event) or self._bounced(event)
        happening = Happening(
            event.type.value, event.name, at, person.id if person else None, event.reason, delivery_id
        )
        self.happenings.append(happening)
        self.wanted.append(Want(self.id, "sheet"))
        if not ours:
            return  # the other copy of a request that was sent twice: for a person to judge
        seen = self._see(event.signers, at)
        for state, who in seen:
            self._tell(state.value, who.id, at)
        told = event.type.value in {state.value for state, _ in seen}
        was_completed = self.state is RequestState.COMPLETED
        changed = self._take_in(event, person, at) or bool(seen)
        if was_completed and event.type is EventType.COMPLETED:
            told = self._document_is_there(at)  # that everybody has signed was told before
        if self.state is RequestState.COMPLETED and not was_completed and event.type is not EventType.COMPLETED:
            self._tell(RequestState.COMPLETED.value, str(delivery_id or at.isoformat()), at)
        if (changed and not told) or event.type in TOLD_ANYWAY:
            self._tell(event.type.value, str(delivery_id or at.isoformat()), at)
        newer = self.last_event_at is None or at >= self.last_event_at
        if changed or (newer and not self.state.terminal):
            self.last_event, self.last_event_at = event.type.value, at
        self._turn_over(at)

    def expire(self, at: datetime) -> None:
        """The time to sign is over, by our own clock."""
        if self._move(RequestState.EXPIRED, at):
            self.note("expired", "deadline", at)
            self._tell("expired", "deadline", at)
            self._turn_over(at)

    def withdraw(self, at: datetime) -> bool:
        """The sender takes it back: it is withdrawn at the provider, or was never there. Whether that was news."""
        was_out = self.state.open
        if not self._move(RequestState.CANCELED, at):
            return False
        self.problem = None
        self.note("canceled", "withdrawn", at)
        if was_out:
            self._tell("canceled", "withdrawn", at)
        self._turn_over(at)
        return True

    def correct(self, person: Person, what: str, at: datetime, *, anew: bool) -> bool:
        """A signer's data, `what` of them, are others now at the provider; whether that signer has to be asked anew.

        `anew`: they are reached somewhere else now, so that whatever was seen or came back there says nothing of them.
        """
        bounced = person.state is SignerState.BOUNCED or self.last_event == EventType.BOUNCED.value
        self.happenings.append(Happening("corrected", "correction", at, person.id, what))
        if not self.state.terminal:
            self.last_event, self.last_event_at = "corrected", at
        self.wanted.append(Want(self.id, "sheet"))
        self._tell("corrected", f"{person.id} {at.isoformat()}", at)
        asked = anew and person in self.in_turn()
        if asked:
            if bounced:
                self.problem = None
            person.state, person.invited_at, person.viewed_at = SignerState.INVITED, at, None
            person.next_reminder_at = None
        self._turn_over(at)
        return asked

    def end_unsent(self, state: RequestState, problem: str | None, at: datetime) -> None:
        """An attempt ended without a provider id: failed, uncertain, or planned again."""
        self.state, self.problem = state, problem
        self.closed_at = at if state.terminal else None
        self.note(state.value, state.value, at, reason=problem)

    def note(self, what: str, name: str, at: datetime, *, reason: str | None = None) -> None:
        """Add a line of our own to the history, and to the sheet's row."""
        self.happenings.append(Happening(what, name, at, reason=reason))
        self.last_event, self.last_event_at = what, at
        self.wanted.append(Want(self.id, "sheet"))

    # -- what follows ------------------------------------------------------------------------------------------

    def turn(self) -> int | None:
        """The order whose turn it is: the lowest with somebody to sign, unless the provider has gone further.

        A later order that was invited, viewed or signed proves that the earlier ones are through, even when the
        events that say so are on their way or were lost.
        """
        pending = [person.order for person in self.people if not person.state.finished]
        reached = max((person.order for person in self.people if person.state is not SignerState.WAITING), default=0)
        ahead = [order for order in pending if order >= reached]
        return min(ahead or pending, default=None)

    def in_turn(self) -> list[Person]:
        """Who has to sign now."""
        if not self.state.open:
            return []
        turn = self.turn()
        return [person for person in self.people if person.order == turn and not person.state.finished]

    def _got_through(self, at: datetime) -> None:
        """The provider has it, under whatever id; news only while no id is known."""
        if self.provider_id is not None:
            return
        thought_unsent = self.sent_at is None
        self.sent_at = self.sent_at or at
        if self.expires_in_hours is not None:
            self.expires_at = self.sent_at + timedelta(hours=self.expires_in_hours)
        if (state := accepted(self.state, thought_unsent=thought_unsent)) is not self.state:
            self.state, self.problem, self.closed_at = state, None, None
            self.note("sent", "sent", at)

    def _take_in(self, event: Event, person: Person | None, at: datetime) -> bool:
        changed = False
        if person is not None:
            person.provider_signer_id = person.provider_signer_id or event.signer_id
            if (said := SIGNER_BY_EVENT.get(event.type)) is not None:
                changed = person.become(said, at)
        if event.type is EventType.COMPLETED:
            self.document_url = event.document_url or self.document_url
        reported = REPORTED_BY_EVENT.get(event.type)
        patience = DOCUMENT_PATIENCE if event.type is EventType.ALL_SIGNED else timedelta()
        moved = reported is not None and self._move(reported, at, patience)
        if moved and self.state.terminal and event.reason:
            self.problem = event.reason
        elif event.type is EventType.BOUNCED and not self.state.terminal and (changed or self._person(event) is None):
            # one about somebody who has viewed or signed meanwhile is late news and no problem
            self.problem = event.reason or "The invitation did not arrive."
        return changed or moved

    def _see(self, shown: Sequence[SignerSnapshot], at: datetime) -> list[tuple[SignerState, Person]]:
        """Take in how the signers stand; what is new, and about whom."""
        seen: list[tuple[SignerState, Person]] = []
        for place, signer in enumerate(shown, start=1):
            person = self._shown(signer, place)
            if person is None:
                continue
            person.sign_url = signer.sign_url or person.sign_url
            state = SIGNER_BY_STATUS.get(signer.status) if signer.status else None
            if state is None:
                continue
            times = {
                SignerState.INVITED: signer.invited_at,
                SignerState.VIEWED: signer.viewed_at,
                SignerState.SIGNED: signer.signed_at,
                SignerState.DECLINED: signer.declined_at,
            }
            if person.become(state, times.get(state) or at):
                seen.append((state, person))
        if any(state is SignerState.SIGNED for state, _ in seen) and self.state in (RequestState.SENT, *_BEFORE_SENT):
            self._move(RequestState.IN_PROGRESS, at)
        return seen

    def _shown(self, signer: SignerSnapshot, place: int) -> Person | None:
        """Which of our people a signer of the provider's is: by its id, by address, else by the place in the list."""
        by_id = [one for one in self.people if signer.id is not None and one.provider_signer_id == signer.id]
        named = [one for one in self.people if one.is_called(signer.email)]
        placed = [one for one in self.people if one.position == place and signer.email is None]
        return next(iter((*by_id, *named, *placed)), None)

    def _document_is_there(self, at: datetime) -> bool:
        """The document of a request that was completed without one can be fetched now; whether that is news."""
        if self.last_event != EventType.ALL_SIGNED.value:
            return False
        self.last_event, self.last_event_at = EventType.COMPLETED.value, at
        self.wanted.append(Want(self.id, "archive"))
        return True

    def _move(self, reported: RequestState, at: datetime, patience: timedelta = timedelta()) -> bool:
        before, self.state = self.state, after(self.state, reported)
        if self.state is before:
            return False
        if self.state.terminal:
            self.closed_at = at
        if self.state is RequestState.COMPLETED:
            self.problem = None
            self.wanted.append(Want(self.id, "archive", after=patience))
            for person in self.people:
                person.state = signer_after(person.state, SignerState.SIGNED)
        return True

    def _turn_over(self, at: datetime) -> None:
        """Invite whoever is next and set everybody's reminder clock."""
        asked = self.in_turn()  # inviting them changes nothing about whose turn it is
        for person in asked:
            if person.state is SignerState.WAITING:
                person.become(SignerState.INVITED, at)
        for person in self.people:
            person.next_reminder_at = self.next_reminder(person) if person in asked else None

    def next_reminder(self, person: Person) -> datetime | None:
        """When this signer is reminded next; what is already set stands, so that a gap is caught up with one."""
        plan = self.reminders
        if plan is None or person.invited_at is None or person.reminded >= plan.most:
            return None
        if person.state not in (SignerState.INVITED, SignerState.VIEWED):
            return None
        return person.next_reminder_at or person.invited_at + plan.first + person.reminded * plan.every

    def _tell(self, what: str, occurrence: str, at: datetime) -> None:
        self.wanted.append(prefect_event(self.id, self.batch_id, what, occurrence, at))
        if what in NEEDS_AN_EYE:
            self.wanted.append(notice(self.id, what))

    def _person(self, event: Event) -> Person | None:
        """Whom an event is about: by the provider's id, else by address, preferring who has not finished."""
        if event.signer_id is not None:
            for person in self.people:
                if person.provider_signer_id == event.signer_id:
                    return person
        named = [
            person
            for person in self.people
            if person.is_called(event.signer_email) and None in (person.provider_signer_id, event.signer_id)
        ]
        return next((person for person in named if not person.state.finished), named[0] if named else None)

    def _bounced(self, event: Event) -> Person | None:
        """Whose message did not arrive: eSignatures does not say, but if one person alone is asked, it is theirs."""
        nobody_named = event.signer_id is None and event.signer_email is None
        asked = self.in_turn() if event.type is EventType.BOUNCED and nobody_named else []
        return asked[0] if len(asked) == 1 else None

    def _meet(self, shown: Sequence[SignerSnapshot]) -> None:
        """Learn the provider's ids of the signers: by address, else by the place in the list."""
        unknown = [person for person in self.people if person.provider_signer_id is None]
        for place, signer in enumerate(shown, start=1):
            for person in unknown:
                fits = person.is_called(signer.email) if signer.email else person.position == place
                if fits and person.sign_url is None:
                    person.sign_url = signer.sign_url
                if signer.id and fits and person.provider_signer_id is None:
                    person.provider_signer_id = signer.id
                    break
