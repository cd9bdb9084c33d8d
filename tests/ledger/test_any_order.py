"""Everything at once, in any order: a provider, processes that crash, webhooks that come early, late and twice."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from connectors.signing.model import Event, EventType, Lookup, Snapshot, Status
from ledger import inbox, planning, reading, sending, settling
from ledger.applying import Reported, apply_all
from ledger.outcomes import NothingHappened, Outcome, Refused, Sent, Uncertain
from ledger.schema import attempts, effects, incidents, requests, signers
from ledger.schema import inbox as inbox_table
from ledger.sending import Claimed
from ledger.states import MOVES, RequestState
from ledger.store import Ledger
from tests.examples import examples
from tests.ledger.making import ACCOUNT, PLAN, Fresh, delivery, draft, lines, row, snapshot

ROWS = 6
LEASE = 30.0
E, R = EventType, RequestState
T = TypeVar("T")

HOWS = st.sampled_from(
    ["accepted", "refused", "nothing happened", "no answer, accepted", "no answer, not accepted"]
    + 2 * ["accepted, unrecorded", "accepted without asking", "hold"]
)
ACTS = st.sampled_from([E.VIEWED, E.SIGNED, E.SIGNED, E.SIGNED, E.DECLINED, E.CANCELED])
STATUSES = {
    None: Status.SENT,
    E.COMPLETED: Status.COMPLETED,
    E.CANCELED: Status.CANCELED,
    E.DECLINED: Status.CANCELED,  # the list does not tell the two apart
}


@dataclass
class Contract:
    """What the provider really has."""

    id: str
    ref: str
    signed: set[int] = field(default_factory=set)
    ended: EventType | None = None


def report(contract: Contract, what: EventType, who: int, marked: bool) -> Event:
    """What the provider says; `marked`: with our ref, as most do."""
    email = f"person{who:02}@example.com" if who else None
    ref = contract.ref if marked else None
    return Event(type=what, name=f"their {what}", provider_id=contract.id, ref=ref, signer_email=email)


class Machine(RuleBasedStateMachine):
    """A ledger beside the truth it can only hear about. Few rules with many variants, so that all of them meet."""

    def __init__(self, fresh: Fresh) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.contracts: dict[str, Contract] = {}
        self.reckless: set[str] = set()  # refs for which a sender called without asking whether it may
        self.held: list[Claimed] = []  # claims whose sender has not called yet
        self.unrecorded: list[tuple[Claimed, str]] = []  # acceptances the sender has not written down yet
        self.news: list[Event] = []  # everything the provider ever reported, delivered whenever, however often
        self.seen: dict[str, dict[str, Any]] = {}
        self.ledger = self.run(Ledger.open(fresh()))
        self.plan = draft(*(row(number, orders=(1, 2), reminders=PLAN) for number in range(2, 2 + ROWS)))
        self.batch_id = self.run(planning.freeze(self.ledger, self.plan)).batch_id

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def teardown(self) -> None:
        try:
            self.hear_everything()
        finally:
            self.run(self.ledger.close())
            self.runner.close()

    # -- the sender --------------------------------------------------------------------------------------------

    @initialize(hows=st.tuples(*[HOWS] * ROWS))
    def send_all(self, hows: tuple[str, ...]) -> None:
        for how in hows:
            self.send(how, plan_again=False, most=1)

    @rule(how=HOWS, plan_again=st.booleans(), most=st.just(3))
    def send(self, how: str, plan_again: bool, most: int) -> None:
        if plan_again:
            self.run(planning.freeze(self.ledger, self.plan))
        for one in self.run(sending.claim(self.ledger, self.batch_id, "a sender", most, LEASE)):
            self.held.append(one)
            if how != "hold":
                self.call(len(self.held) - 1, how)

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 9), how=HOWS)
    def call(self, which: int, how: str) -> None:
        """A call that was held back, perhaps until long after its claim ran out."""
        one = self.held.pop(which % len(self.held))
        if how == "accepted without asking":
            self.reckless.add(one.ref)
        elif not self.run(sending.may_call(self.ledger, one.request_id, one.attempt, LEASE)):
            return
        request_id, attempt = one.request_id, one.attempt
        if how == "refused":
            self.record(Refused(request_id=request_id, attempt=attempt, problem="No."))
        elif how == "nothing happened":
            self.record(NothingHappened(request_id=request_id, attempt=attempt))
        elif how == "no answer, not accepted":
            self.record(Uncertain(request_id=request_id, attempt=attempt, problem="No answer."))
        elif how != "hold":
            contract = Contract(f"P{len(self.contracts) + 1}", one.ref)
            self.contracts[contract.id] = contract
            self.unrecorded.append((one, contract.id))
            if how in ("accepted", "no answer, accepted"):
                self.answer(-1, known=how == "accepted")

    @precondition(lambda self: self.unrecorded)
    @rule(which=st.integers(0, 9), known=st.booleans())
    def answer(self, which: int, known: bool) -> None:
        """The sender writes down that a call was accepted, however late, or that it does not know."""
        one, provider_id = self.unrecorded.pop(which % len(self.unrecorded))
        request_id, attempt = one.request_id, one.attempt
        if known:
            answer = snapshot(provider_id, "s1", "s2")
            self.record(Sent(request_id=request_id, attempt=attempt, snapshot=answer))
        else:
            self.record(Uncertain(request_id=request_id, attempt=attempt, problem="No answer."))

    def record(self, outcome: Outcome) -> None:
        self.run(sending.record(self.ledger, [outcome]))

    @rule(newest=st.integers(0, 5), before=st.booleans(), meanwhile=st.booleans())
    def look_up(self, newest: int, before: bool, meanwhile: bool) -> None:
        """The list shows the newest requests alone (0: all); claims may run out before, or while we look."""
        if before:
            self.run(self._let_claims_run_out())
        asked = self.run(settling.unclear(self.ledger, ACCOUNT["provider"], ACCOUNT["account"], "test"))
        shown = list(self.contracts.values())[-newest:]
        found = {one.ref: Snapshot(id=one.id, status=STATUSES[one.ended]) for one in shown}
        complete = len(shown) == len(self.contracts)
        if meanwhile:
            self.run(self._let_claims_run_out())
        lookup = Lookup(found=found, ids=frozenset(one.id for one in shown), complete=complete)
        self.run(settling.settle(self.ledger, asked, lookup, 0.0))

    async def _let_claims_run_out(self) -> None:
        """Every sender stops for a while: their leases, which stand in the ledger, are made to lie in the past."""
        async with self.ledger.begin() as connection:
            earlier = requests.c.lease_until - int(2000 * LEASE)
            await connection.execute(update(requests).values(lease_until=earlier))
        await settling.expire_claims(self.ledger)

    # -- the provider ------------------------------------------------------------------------------------------

    @precondition(lambda self: any(one.ended is None for one in self.contracts.values()))
    @rule(which=st.integers(0, 9), kind=ACTS, marked=st.sampled_from([False, False, True]), at_once=st.booleans())
    def somebody_acts(self, which: int, kind: EventType, marked: bool, at_once: bool) -> None:
        open_ones = [one for one in self.contracts.values() if one.ended is None]
        contract = open_ones[which % len(open_ones)]
        happened = [report(contract, kind, 1 if 1 not in contract.signed else 2, marked)]
        if kind is E.SIGNED:
            contract.signed.add(1 if 1 not in contract.signed else 2)
            contract.ended = E.COMPLETED if contract.signed == {1, 2} else None
        elif kind in (E.DECLINED, E.CANCELED):
            contract.ended = kind
        if contract.ended is not None:  # a refusal is reported as a withdrawal, too
            ending = E.CANCELED if kind is E.DECLINED else contract.ended
            happened.append(report(contract, ending, 0, marked))
        self.news += happened
        if at_once:
            self.run(self._hear(happened[::-1]))

    @precondition(lambda self: self.news)
    @rule(which=st.lists(st.integers(0, 30), min_size=1, max_size=4))
    def deliver(self, which: list[int]) -> None:
        self.run(self._hear([self.news[one % len(self.news)] for one in which]))

    async def _hear(self, events: list[Event]) -> None:
        await inbox.put(self.ledger, [delivery() for _ in events])
        waiting = await inbox.take(self.ledger, 99)
        said = [
            Reported(got.id, got.provider, got.account, one, got.received_at)
            for got, one in zip(waiting, events, strict=True)
        ]
        await apply_all(self.ledger, said)

    # -- what is always true -----------------------------------------------------------------------------------

    @invariant()
    def the_ledger_keeps_its_promises(self) -> None:
        self.run(self._look())
        self.nothing_is_sent_twice_by_those_who_ask()
        self.a_second_copy_the_ledger_knows_of_is_an_incident()
        self.requests_only_move_on()
        self.only_open_requests_have_a_reminder_clock()
        self.no_event_waits_for_a_request_that_is_known()
        self.every_completed_request_is_to_be_archived_once()

    async def _look(self) -> None:
        self.now: dict[str, list[dict[str, Any]]] = {}
        async with self.ledger.read() as connection:
            for table in (requests, signers, attempts, incidents, inbox_table, effects):
                found = await connection.execute(select(table))
                self.now[table.name] = [dict(line) for line in found.mappings()]

    def nothing_is_sent_twice_by_those_who_ask(self) -> None:
        refs = [one.ref for one in self.contracts.values()]
        assert all(refs.count(ref) == 1 for ref in refs if ref not in self.reckless)

    def a_second_copy_the_ledger_knows_of_is_an_incident(self) -> None:
        first = {line["id"]: line["provider_id"] for line in self.now["requests"]}
        twice = {(line["request_id"], line["provider_id"]) for line in self.now["incidents"]}
        for line in self.now["attempts"]:
            if line["outcome"] == "sent":
                request_id, provider_id = line["request_id"], line["provider_id"]
                assert first[request_id] == provider_id or (request_id, provider_id) in twice

    def requests_only_move_on(self) -> None:
        unsent = {R.PLANNED, R.SENDING, R.UNCERTAIN}
        for line in self.now["requests"]:
            before = self.seen.setdefault(line["id"], line)
            was, now = R(before["state"]), R(line["state"])
            got_through = was is R.FAILED and before["provider_id"] is None and line["provider_id"] is not None
            assert now is was or got_through or now in MOVES[was] or {was, now} <= unsent
            assert before["provider_id"] in (None, line["provider_id"])
            assert (line["lease_until"] is not None) == (now is R.SENDING)
            assert line["provider_id"] is None or now not in unsent | {R.FAILED}
            self.seen[line["id"]] = line

    def only_open_requests_have_a_reminder_clock(self) -> None:
        open_ones = {line["id"] for line in self.now["requests"] if R(line["state"]).open}
        for line in self.now["signers"]:
            assert line["next_reminder_at"] is None or line["request_id"] in open_ones

    def no_event_waits_for_a_request_that_is_known(self) -> None:
        known = {line["provider_id"] for line in self.now["requests"]}
        assert not known & {line["provider_id"] for line in self.now["inbox"] if line["state"] == "unmatched"}

    def every_completed_request_is_to_be_archived_once(self) -> None:
        completed = [line["id"] for line in self.now["requests"] if line["state"] == "completed"]
        wanted = [line["request_id"] for line in self.now["effects"] if line["kind"] == "archive"]
        assert sorted(wanted) == sorted(completed)

    def hear_everything(self) -> None:
        """In the end, when everything was reported, the ledger says of each request what the provider says."""
        for contract in self.contracts.values():
            events = [report(contract, E.SIGNED, who, marked=True) for who in sorted(contract.signed)]
            if contract.ended is not None:
                events.append(report(contract, contract.ended, 0, marked=True))
            self.run(self._hear(events or [report(contract, E.VIEWED, 1, marked=True)]))
        expected = {E.COMPLETED: "completed", E.DECLINED: "declined", E.CANCELED: "canceled"}
        for line in self.run(lines(self.ledger, requests)):
            if line["provider_id"] is not None:
                contract = self.contracts[line["provider_id"]]
                running = "in_progress" if contract.signed else "sent"
                assert line["state"] == expected.get(contract.ended or E.UNKNOWN, running)
        twice = {(line["request_id"], line["provider_id"]) for line in self.run(lines(self.ledger, incidents))}
        owners = {line["ref"]: line for line in self.run(lines(self.ledger, requests))}
        for contract in self.contracts.values():
            owner = owners[contract.ref]
            assert owner["provider_id"] == contract.id or (owner["id"], contract.id) in twice
        assert len(self.run(reading.rows(self.ledger, self.batch_id))) == ROWS


@pytest.mark.timeout(300)
def test_whatever_happens_in_whatever_order_the_ledger_keeps_its_promises(fresh_url: Fresh) -> None:
    many = settings(
        max_examples=examples(40),
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(cast(type[Machine], lambda: Machine(fresh_url)), settings=many)
