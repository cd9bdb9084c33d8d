"""Whatever people do, in whatever order: the rules of a contract's life hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sandbox import machine
from sandbox.clock import Clock
from sandbox.contract import Contract, Signer
from sandbox.machine import Change
from sandbox.paper import Refused, Signature

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
WHO = st.integers(min_value=0, max_value=4)


def signer(number: int, order: int, auto_sign: bool = False) -> Signer:
    return Signer(
        f"s{number}", f"Signer {number}", f"person0{number}@example.com", "", "", order, auto_sign, ("email",), "email"
    )


class ContractLife(RuleBasedStateMachine):
    """Several people act on one contract without caring for each other."""

    @initialize(orders=st.lists(st.integers(1, 3), min_size=1, max_size=4), own=st.booleans())
    def write(self, orders: list[int], own: bool) -> None:
        people = tuple(signer(n, order, auto_sign=own and n == 0) for n, order in enumerate(orders))
        self.now = NOW
        self.contract = Contract("c", "x", "Terms", "Be kind.", "Example Company 01", NOW, people, life_hours=10)
        self.told: list[str] = []
        self.signed_before: dict[str, bool] = {}

    def do(self, step: object, *arguments: object, **more: object) -> bool:
        change = Change(self.contract, self.now)
        try:
            step(change, *arguments, **more)  # type: ignore[operator]
        except Refused:
            return False
        before, self.contract = self.contract, change.contract
        self.told += [event.what for event in change.events]
        for person in self.contract.signers:
            if person.done and not any(one.id == person.id and one.done for one in before.signers):
                lower = [one for one in self.contract.signers if one.order < person.order]
                assert all(one.done for one in lower), "somebody signed before their turn"
                assert before.state in ("draft", "sent")
        return True

    @rule()
    def send(self) -> None:
        self.do(machine.send, Clock())

    @rule(n=WHO)
    def view(self, n: int) -> None:
        self.do(machine.view, f"s{n}", "", "")

    @rule(n=WHO, consent=st.sampled_from([True, True, True, False]))
    def sign(self, n: int, consent: bool) -> None:
        expired = self.contract.overdue(self.now)
        words = Signature("typed", "S")
        done = self.do(machine.sign, f"s{n}", words, consent=consent, values={}, ip="", agent="")
        assert not (done and (expired or not consent))

    @rule(n=WHO)
    def decline(self, n: int) -> None:
        if self.do(machine.decline, f"s{n}", "", ip="", agent=""):
            assert self.told[-1] == "declined"

    @rule()
    def withdraw(self) -> None:
        self.do(machine.withdraw)

    @rule(n=WHO)
    def remind(self, n: int) -> None:
        self.do(machine.remind, f"s{n}")

    @rule()
    def remind_all(self) -> None:
        self.do(machine.remind, None)

    @rule(hours=st.integers(-1, 20))
    def move_expiry(self, hours: int) -> None:
        if self.do(machine.move_expiry, self.now + timedelta(hours=hours), Clock()):
            assert hours > 0

    @rule()
    def fail(self) -> None:
        self.do(machine.fail, "The file cannot be used.")

    @rule(n=st.integers(0, 4), order=st.integers(1, 4), own=st.booleans())
    def add(self, n: int, order: int, own: bool) -> None:
        if not any(one.id == f"s{n}" for one in self.contract.signers):
            self.do(machine.add_signer, signer(n, order, own))

    @rule(n=WHO)
    def remove(self, n: int) -> None:
        self.do(machine.remove_signer, f"s{n}")

    @rule()
    def complete(self) -> None:
        self.do(machine.complete)

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def expire(self) -> None:
        overdue = self.contract.overdue(self.now)
        self.do(machine.expire)
        assert (self.told[-1:] == ["expired"]) or not overdue

    @invariant()
    def everyone_signed_means_signed_exactly_once(self) -> None:
        everyone = all(one.done for one in self.contract.signers)
        assert everyone == (self.contract.state == "signed")
        assert self.told.count("completed") == (self.contract.finished_at is not None)
        assert self.told.count("completed") <= 1

    @invariant()
    def an_end_is_an_end(self) -> None:
        for end in ("declined", "withdrawn", "failed"):
            if end in self.told:
                assert self.contract.state == end
                assert self.told[-1] == end
                assert "completed" not in self.told
                assert self.contract.ended_at is not None

    @invariant()
    def an_expired_contract_waits_for_nobody_until_its_end_is_moved(self) -> None:
        assert self.told.count("all_signed") == (self.contract.state == "signed")
        if self.contract.state == "expired":
            assert self.contract.expires_at is not None
            assert self.contract.expires_at <= self.now
            assert self.contract.ended_at is not None
        if self.contract.state == "sent":
            assert self.contract.ended_at is None

    @invariant()
    def somebody_has_been_asked_while_it_is_open(self) -> None:
        turn = self.contract.turn()
        if self.contract.state == "sent":
            assert all(
                one.state in ("invited", "viewed")
                for one in self.contract.signers
                if one.order == turn and not one.done
            )


TestContractLife = ContractLife.TestCase
