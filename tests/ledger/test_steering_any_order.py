"""A person steers in any order while everything else happens: void, send anew, resolve, among crashes and webhooks."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from connectors.signing.model import EventType, Snapshot
from ledger import applying, batches, correcting, resending, sending, settling, voiding
from ledger.drafts import Correction
from ledger.schema import batches as batches_table
from ledger.states import MOVES, RequestState
from tests.examples import examples
from tests.ledger.making import Fresh
from tests.ledger.test_any_order import STATUSES, Machine, report

R = RequestState
ALSO = st.sets(st.sampled_from([R.DECLINED, R.EXPIRED, R.CANCELED]))


class Steered(Machine):
    """The same ledger and the same world, with a person at the batch."""

    @rule(release=st.booleans())
    def pause(self, release: bool) -> None:
        if release:
            self.run(batches.release(self.ledger, self.batch_id))
        else:
            self.run(batches.hold(self.ledger, self.batch_id, "A person paused it."))

    @rule(how_many=st.integers(0, 6), answer=st.sampled_from(["yes", "none, withdrawn", "none, still open"]))
    def void(self, how_many: int, answer: str) -> None:
        """Taken back: planned rows at once, then open ones until the process is stopped."""
        self.run(voiding.take_back_planned(self.ledger, self.batch_id))
        for one in self.run(voiding.open_requests(self.ledger, self.batch_id))[:how_many]:
            contract = self.contracts.get(one.provider_id or "")
            if contract is None:
                continue
            if contract.ended is None and answer != "none, still open":
                contract.ended = EventType.CANCELED
                self.news.append(report(contract, EventType.CANCELED, 0, marked=False))
            if answer == "yes" and contract.ended is EventType.CANCELED:
                self.run(voiding.withdrawn(self.ledger, one.request_id))
            else:  # looked up
                snapshot = Snapshot(id=contract.id, status=STATUSES[contract.ended])
                self.run(self._observe(one.request_id, snapshot))
        self.run(batches.finish(self.ledger, self.batch_id))

    async def _observe(self, request_id: str, snapshot: Snapshot) -> None:
        await applying.observe(self.ledger, request_id, snapshot)

    @rule(also=ALSO)
    def send_anew(self, also: set[RequestState]) -> None:
        before = {line["id"] for line in self.now["requests"]} if hasattr(self, "now") else set()
        self.run(resending.open_rounds(self.ledger, self.batch_id, {R.FAILED, *also}))
        self.run(self._look())
        states = {line["id"]: line for line in self.now["requests"]}
        for line in self.now["requests"]:
            if line["id"] not in before:
                older = [
                    one for one in states.values() if (one["key"], one["round"]) == (line["key"], line["round"] - 1)
                ]
                assert next(R(one["state"]) for one in older) in {R.FAILED, *also}

    @precondition(
        lambda self: any(line["state"] == "uncertain" for line in getattr(self, "now", {}).get("requests", ()))
    )
    @rule(which=st.integers(0, 5), word=st.sampled_from(["right", "wrong", "wrong, then taken back"]))
    def resolve(self, which: int, word: str) -> None:
        """A person looks at the provider's pages and says what is there; or does not look well and says "not sent"."""
        unclear = [line for line in self.now["requests"] if line["state"] == "uncertain"]
        line = unclear[which % len(unclear)]
        there = next((one.id for one in self.contracts.values() if one.ref == line["ref"]), None)
        if word != "right" and there is not None:
            self.reckless.add(line["ref"])
        assert self.run(settling.resolve(self.ledger, line["id"], there if word == "right" else None))
        if word == "wrong, then taken back":
            self.run(voiding.take_back(self.ledger, line["id"]))

    @precondition(lambda self: any(line["provider_id"] for line in getattr(self, "now", {}).get("requests", ())))
    @rule(which=st.integers(0, 9), place=st.sampled_from([1, 2]), anew=st.booleans())
    def correct(self, which: int, place: int, anew: bool) -> None:
        """The provider has accepted other data of a signer, by when the request may have ended already."""
        out = [one for one in self.now["requests"] if one["provider_id"]]
        line = out[which % len(out)]
        person = next(one for one in self.now["signers"] if one["id"] == f"{line['id']}.{place}")
        said = Correction(email=f"moved{which}@example.com") if anew else Correction(name="Signer Moved")
        asked = self.run(correcting.corrected(self.ledger, line["id"], person["id"], said, anew=anew))
        self.run(self._look())
        after = next(one for one in self.now["signers"] if one["id"] == person["id"])
        unmoved = person["state"] == after["state"]
        assert (after["state"] == "invited" and anew and R(line["state"]).open) if asked else unmoved
        assert person["reminded"] == after["reminded"]

    @invariant()
    def nothing_of_a_paused_batch_is_claimed(self) -> None:
        self.run(self._look())
        states = {line["id"]: line["state"] for line in self.run(self._batches())}
        if states[self.batch_id] == "held":
            assert self.run(sending.claim(self.ledger, self.batch_id, "somebody", 9, 30.0)) == []

    async def _batches(self) -> list[dict[str, str]]:
        async with self.ledger.read() as connection:
            return [dict(line) for line in (await connection.execute(select(batches_table))).mappings()]

    def requests_only_move_on(self) -> None:
        """As before; and what was taken back here without ever having been out is open once it shows to be out."""
        unsent = {R.PLANNED, R.SENDING, R.UNCERTAIN}
        for line in self.now["requests"]:
            before = self.seen.setdefault(line["id"], line)
            was, now = R(before["state"]), R(line["state"])
            never_out = was is R.FAILED or (was is R.CANCELED and before["sent_at"] is None)
            got_through = never_out and before["provider_id"] is None and line["sent_at"] is not None
            assert now is was or got_through or now in MOVES[was] or {was, now} <= unsent, (was, now)
            assert before["provider_id"] in (None, line["provider_id"])
            assert (line["lease_until"] is not None) == (now is R.SENDING)
            assert line["provider_id"] is None or now not in unsent | {R.FAILED}
            self.seen[line["id"]] = line


@pytest.mark.timeout(300)
def test_whatever_a_person_does_in_whatever_order_the_ledger_keeps_its_promises(fresh_url: Fresh) -> None:
    many = settings(
        max_examples=examples(20),
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(cast(type[Machine], lambda: Steered(fresh_url)), settings=many)
