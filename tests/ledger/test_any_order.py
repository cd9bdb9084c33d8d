"""Everything at once, in any order: a provider, processes that crash, webhooks that come early, late and twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import update

from connectors.signing.model import Event, EventType, Lookup, Snapshot, Status
from ledger import inbox, outbox, planning, reading, sending, settling
from ledger.applying import Reported, apply_all
from ledger.outcomes import NothingHappened, Refused, Sent, Uncertain
from ledger.schema import attempts, incidents, requests, signers
from ledger.schema import inbox as inbox_table
from ledger.sending import Claimed
from ledger.states import MOVES, RequestState
from ledger.store import Ledger
from tests.ledger.making import ACCOUNT, PLAN, Fresh, delivery, draft, lines, row, snapshot

ROWS = 3
LEASE = 30.0
E, R = EventType, RequestState


@dataclass
class Contract:
    """What the provider really has."""

    id: str
    ref: str
    signed: set[int] = field(default_factory=set)
    ended: EventType | None = None


class Machine(RuleBasedStateMachine):
    """A ledger beside the truth it can only hear about."""

    calls = Bundle("calls")  # claims in a sender's hands
    answers = Bundle("answers")  # acceptances the sender has not recorded yet, perhaps never will
    news = Bundle("news")  # what the provider reports, delivered whenever, however often

    def __init__(self, fresh: Fresh) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.contracts: dict[str, Contract] = {}
        self.reckless: set[str] = set()  # refs for which a sender called without asking whether it may
        self.seen: dict[str, dict[str, Any]] = {}
        self.url = fresh()
        self.ledger = self.run(Ledger.open(self.url))
        rows = [row(number, orders=(1, 2), reminders=PLAN) for number in range(2, 2 + ROWS)]
        self.plan = draft(*rows)
        self.batch_id = self.run(planning.freeze(self.ledger, self.plan)).batch_id

    def run(self, doing: Any) -> Any:
        return self.runner.run(doing)

    def teardown(self) -> None:
        try:
            self.hear_everything()
        finally:
            self.run(self.ledger.close())
            self.runner.close()

    # -- the sender --------------------------------------------------------------------------------------------

    @rule(target=calls, most=st.integers(1, 2))
    def claim(self, most: int) -> Any:
        return multiple(*self.run(sending.claim(self.ledger, self.batch_id, "a sender", most, LEASE)))

    @rule(target=answers, one=consumes(calls))
    def call_and_be_accepted(self, one: Claimed) -> Any:
        if not self.run(sending.may_call(self.ledger, one.request_id, one.attempt, LEASE)):
            return multiple()
        return (one, self.accept(one))

    @rule(target=answers, one=consumes(calls))
    def call_without_asking(self, one: Claimed) -> Any:
        self.reckless.add(one.ref)
        return (one, self.accept(one))

    @rule(one=consumes(calls), how=st.sampled_from(["refused", "nothing", "uncertain"]))
    def call_in_vain(self, one: Claimed, how: str) -> None:
        if not self.run(sending.may_call(self.ledger, one.request_id, one.attempt, LEASE)):
            return
        ended = {"request_id": one.request_id, "attempt": one.attempt}
        outcome: Any = {
            "refused": Refused(**ended, problem="No."),
            "nothing": NothingHappened(**ended),
            "uncertain": Uncertain(**ended, problem="No answer."),
        }[how]
        self.run(sending.record(self.ledger, [outcome]))

    @rule(answer=answers)
    def record_the_answer(self, answer: tuple[Claimed, str]) -> None:
        one, provider_id = answer
        outcome = Sent(request_id=one.request_id, attempt=one.attempt, snapshot=snapshot(provider_id, "s1", "s2"))
        self.run(sending.record(self.ledger, [outcome]))

    @rule(answer=consumes(answers))
    def lose_the_answer(self, answer: tuple[Claimed, str]) -> None:
        one, _ = answer
        self.run(sending.record_uncertain(self.ledger, one.request_id, one.attempt, "No answer."))

    @rule()
    def crash(self) -> None:
        """Every claim's time runs out, as if nobody had been there for a while."""
        self.run(self._let_leases_run_out())
        self.run(settling.expire_claims(self.ledger))

    async def _let_leases_run_out(self) -> None:
        async with self.ledger.begin() as connection:
            await connection.execute(update(requests).values(lease_until=requests.c.lease_until - 1000 * 2 * LEASE))

    @rule()
    def plan_the_same_sheet_again(self) -> None:
        self.run(planning.freeze(self.ledger, self.plan))

    # -- the provider ------------------------------------------------------------------------------------------

    def accept(self, one: Claimed) -> str:
        contract = Contract(f"P{len(self.contracts) + 1}", one.ref)
        self.contracts[contract.id] = contract
        return contract.id

    @rule(target=news, data=st.data(), kind=st.sampled_from([E.VIEWED, E.SIGNED, E.SIGNED, E.DECLINED, E.CANCELED]))
    def somebody_acts(self, data: st.DataObject, kind: EventType) -> Any:
        open_ones = [one for one in self.contracts.values() if one.ended is None]
        if not open_ones:
            return multiple()
        contract = data.draw(st.sampled_from(open_ones))
        who = 1 if 1 not in contract.signed else 2
        marked = data.draw(st.booleans())
        happened = [(kind, who)]
        if kind is E.SIGNED:
            contract.signed.add(who)
            if contract.signed == {1, 2}:
                happened.append((E.COMPLETED, 0))
        elif kind is E.DECLINED:
            happened.append((E.CANCELED, 0))
        if happened[-1][0] in (E.COMPLETED, E.CANCELED):
            contract.ended = happened[0][0] if kind is E.DECLINED else happened[-1][0]
        return multiple(*(self.report(contract, what, person, marked) for what, person in happened))

    def report(self, contract: Contract, what: EventType, who: int, marked: bool) -> Event:
        signer = {"signer_email": f"person0{who}@example.com"} if who else {}
        ref = contract.ref if marked else None
        return Event(type=what, name=f"their {what}", provider_id=contract.id, ref=ref, **signer)

    @rule(events=st.lists(news, min_size=1, max_size=4))
    def deliver(self, events: list[Event]) -> None:
        self.run(self._deliver(events))

    async def _deliver(self, events: list[Event]) -> None:
        for one in events:
            await inbox.put(self.ledger, [delivery()])
            waiting = (await inbox.take(self.ledger, 99))[-1]
            said = Reported(waiting.id, waiting.provider, waiting.account, one, waiting.received_at)
            await apply_all(self.ledger, [said])

    @rule(newest=st.integers(0, 4), progress=st.booleans())
    def look_up(self, newest: int, progress: bool) -> None:
        """The list shows the newest requests alone, or all of them; a claim may run out between asking and judging."""
        asked = self.run(settling.unclear(self.ledger, *ACCOUNT.values(), "test"))
        shown = list(self.contracts.values())[-newest:] if newest else list(self.contracts.values())
        complete = len(shown) == len(self.contracts)
        if progress:
            self.crash()
        status = {None: Status.SENT, E.COMPLETED: Status.COMPLETED, E.CANCELED: Status.CANCELED,
                  E.DECLINED: Status.CANCELED}  # fmt: skip
        found = {one.ref: Snapshot(id=one.id, status=status[one.ended]) for one in shown}
        lookup = Lookup(found=found, ids=frozenset(one.id for one in shown), complete=complete)
        self.run(settling.settle(self.ledger, asked, lookup, 0.0))

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
        tables = (requests, signers, attempts, incidents, inbox_table)
        self.now = {table.name: await lines(self.ledger, table) for table in tables}
        self.to_archive = [effect.request_id for effect in await outbox.due(self.ledger, "archive", 99)]

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
        assert sorted(self.to_archive) == sorted(completed)

    def hear_everything(self) -> None:
        """In the end, when everything was reported, the ledger says of each request what the provider says."""
        for contract in self.contracts.values():
            events = [self.report(contract, E.SIGNED, who, marked=True) for who in sorted(contract.signed)]
            if contract.ended is not None:
                events.append(self.report(contract, contract.ended, 0, marked=True))
            self.run(self._deliver(events or [self.report(contract, E.VIEWED, 1, marked=True)]))
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


def test_whatever_happens_in_whatever_order_the_ledger_keeps_its_promises(fresh_url: Fresh) -> None:
    machine = settings(
        max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(lambda: Machine(fresh_url), settings=machine)
