"""Whatever order the webhooks of a request come in, and however often each, the ledger ends in the same state.

All orders are walked, not drawn: what a request has heard so far leads to one of few states, so that ten webhooks'
three and a half million orders are a few thousand steps. Repeats are steps, too. Everything happens at one moment,
since times that a provider does not tell are those at which we heard, and differ.
"""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from math import factorial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.signing.model import Event, EventType, SignerSnapshot, SignerStatus, Snapshot, Status
from connectors.signing.registry import PROVIDERS
from flows.events.apply import apply_waiting
from flows.events.confirm import shows
from ledger import inbox, planning, sending
from ledger.cases import Case, Person
from ledger.inbox import Delivery
from ledger.schema import effects, incidents, requests, signers
from ledger.schema import inbox as inbox_table
from ledger.states import RequestState
from ledger.store import Ledger
from tests.examples import examples
from tests.ledger.making import PLAN, Fresh, claimed, draft, lines, row
from tests.ledger.three_signers import HINTS, ID, PEOPLE, PROVEN, REF, at

News = Callable[[Case], None]
NOW = at(0)
LISTS = {"people", "happenings", "wanted", "incidents"}
HEARD_FROM = {"last_event", "last_event_at"}
"""What was heard last depends on what came last, and is meant to."""


def unsent() -> Case:
    """A request whose call is on its way: webhooks may be faster than the answer to it."""
    people = [Person(id=f"req.{one}", position=one, order=one, email=f"person{one:02}@example.com") for one in PEOPLE]
    return Case(id="req", batch_id="bat", state=RequestState.SENDING, reminders=PLAN, people=people)


def our_answer(case: Case) -> None:
    people = tuple(SignerSnapshot(id=f"s{one}", email=f"person{one:02}@example.com") for one in PEOPLE)
    case.observe(Snapshot(id=ID, status=Status.SENT, signers=people), NOW)


def read(provider: str, bodies: Sequence[bytes]) -> list[Event]:
    return [PROVIDERS[provider].parse(body, ref=REF) for body in bodies]


def reported(event: Event) -> News:
    return lambda case: case.report(event, NOW)


def confirmed(event: Event, answer: Snapshot) -> News:
    return lambda case: case.confirm(event, answer, NOW, 1)


def answers(provider: str) -> list[Snapshot]:
    """What a provider that is asked says, from the beginning of the story to its end."""
    said = []
    for signed in range(len(PEOPLE) + 1):
        done = signed == len(PEOPLE)
        people = tuple(
            SignerSnapshot(
                email=f"person{one:02}@example.com",
                status=SignerStatus.SIGNED if one <= signed else None,
                signed_at=NOW if one <= signed else None,
            )
            for one in PEOPLE
        )
        status = Status.COMPLETED if done else Status.IN_PROGRESS if signed else Status.SENT
        said.append(Snapshot(id=ID, status=status, signers=people, completed_at=NOW if done else None))
    return said


def stands(case: Case) -> dict[str, Any]:
    """Where a request stands, without its diary."""
    return {
        **{name: value for name, value in vars(case).items() if name not in LISTS},
        "people": [vars(one) for one in case.people],
    }


def once(case: Case) -> dict[str, int]:
    """What has been set going once each: the archive, and telling that it is completed; and what went wrong."""
    told = Counter(want.payload["name"] for want in case.wanted if want.kind == "event")
    return {
        "archive": len({want.kind for want in case.wanted if want.kind == "archive"}),
        "completed": min(told["esign.request.completed"], 2),
        "incidents": len(case.incidents),
    }


def key(case: Case) -> Hashable:
    people = tuple(tuple(vars(one).values()) for one in case.people)
    own = tuple(value for name, value in vars(case).items() if name not in LISTS)
    return (own, people, *once(case).values())


def after(case: Case, news: News) -> Case:
    people = [copy.copy(one) for one in case.people]
    further = copy.copy(case)
    further.people, further.happenings = people, []
    further.wanted, further.incidents = [*case.wanted], [*case.incidents]
    news(further)
    further.wanted = [one for one in further.wanted if one.kind == "archive" or one.name.startswith("completed")]
    return further


def every_order(items: Sequence[Sequence[News]], begun: Case) -> tuple[list[Case], int]:
    """All states that all orders of these lead to, and how many orders there were; an item may be heard in several
    ways. Repeats of what has been heard are taken in anywhere between."""
    level: dict[tuple[int, Hashable], tuple[Case, int]] = {(0, key(begun)): (begun, 1)}
    for _ in items:
        following: dict[tuple[int, Hashable], tuple[Case, int]] = {}
        for (heard, _state), (case, ways) in level.items():
            for place, variants in enumerate(items):
                if heard >> place & 1:
                    continue
                for news in variants:
                    further = after(case, news)
                    name = (heard | 1 << place, key(further))
                    following[name] = (further, following.get(name, (further, 0))[1] + ways)
        level = _with_repeats(following, items)
    return [case for case, _ in level.values()], sum(ways for _, ways in level.values())


def _with_repeats(
    level: dict[tuple[int, Hashable], tuple[Case, int]], items: Sequence[Sequence[News]]
) -> dict[tuple[int, Hashable], tuple[Case, int]]:
    """The same, and whatever repeats make of it, which are no orders of their own."""
    todo = [(heard, case) for (heard, _), (case, _) in level.items()]
    while todo:
        heard, case = todo.pop()
        for place, variants in enumerate(items):
            for news in variants if heard >> place & 1 else ():
                again = after(case, news)
                if (heard, key(again)) not in level:
                    level[heard, key(again)] = (again, 0)
                    todo.append((heard, again))
    return level


def ended(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """The different ends there are."""
    ends = [{name: value for name, value in stands(case).items() if name not in HEARD_FROM} for case in cases]
    return [end for place, end in enumerate(ends) if end not in ends[:place]]


SAME_AGAIN = {"esignatures": {3, 6}}
"""Places of the second and third person's invitation, which say no more than the first's, and cost ten seconds."""


@pytest.mark.parametrize("provider", PROVEN)
def test_all_orders_of_a_providers_webhooks_with_repeats_end_the_same(provider: str) -> None:
    bodies = [body for place, body in enumerate(PROVEN[provider]()) if place not in SAME_AGAIN.get(provider, ())]
    events = read(provider, bodies)
    items, begun = [[reported(one)] for one in events], unsent()
    if events[0].ref is None:
        our_answer(begun)  # the ledger lets webhooks without our mark wait for it (test_delivered.py)
    else:
        items.append([our_answer])
    cases, orders = every_order(items, begun)
    assert orders == factorial(len(items)) >= factorial(9)
    (end,) = ended(cases)
    assert end["state"] is RequestState.COMPLETED and end["provider_id"] == ID
    assert [one["state"].value for one in end["people"]] == ["signed"] * 3
    assert {tuple(once(case).values()) for case in cases} == {(1, 1, 0)}


@pytest.mark.parametrize("provider", HINTS)
def test_all_orders_of_hints_with_any_answer_that_confirms_them_end_the_same(provider: str) -> None:
    """A provider that is asked later answers with more than what was reported; each such answer is walked."""
    events, said = read(provider, HINTS[provider]()), answers(provider)
    items: list[list[News]] = [[our_answer]]
    for place, event in enumerate(events):
        first = place if event.type is not EventType.COMPLETED else len(said) - 1
        items.append([confirmed(event, answer) for answer in said[first:] if shows(answer, event)])
    cases, orders = every_order(items, unsent())
    assert orders >= factorial(len(items))
    (end,) = ended(cases)
    assert end["state"] is RequestState.COMPLETED
    assert [one["state"].value for one in end["people"]] == ["signed"] * 3
    assert {tuple(once(case).values()) for case in cases} == {(1, 1, 0)}


@pytest.fixture
def in_their_order(fresh_url: Fresh) -> dict[str, dict[str, Any]]:
    """How a ledger stands that heard each provider's story as it happened."""
    stands_then = {name: asyncio.run(told(fresh_url(), name, [story()], 0)) for name, story in PROVEN.items()}
    for one in stands_then.values():
        assert (one["state"], one["people"]) == ("completed", ["signed"] * len(PEOPLE))
    return stands_then


@pytest.mark.parametrize("provider", PROVEN)
@given(data=st.data())
@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_webhooks_shuffled_repeated_and_in_groups_leave_the_ledger_as_in_their_order(
    fresh_url: Fresh, in_their_order: dict[str, dict[str, Any]], provider: str, data: st.DataObject
) -> None:
    bodies = PROVEN[provider]()
    shuffled = data.draw(st.permutations([*bodies, *data.draw(st.lists(st.sampled_from(bodies), max_size=9))]))
    ends = data.draw(st.lists(st.integers(1, len(shuffled) - 1), unique=True).map(sorted))
    groups = [shuffled[first:last] for first, last in pairwise([0, *ends, len(shuffled)])]
    answered = data.draw(st.integers(0, len(groups)))  # after so many groups our own answer is written down
    assert asyncio.run(told(fresh_url(), provider, groups, answered)) == in_their_order[provider]


async def told(url: str, provider: str, groups: Sequence[Sequence[bytes]], answered: int) -> dict[str, Any]:
    """How a ledger stands that was told this, group by group; times and the diary aside."""
    about = {"provider": provider, "account": "sandbox"}
    async with await Ledger.open(url) as ledger:
        frozen = await planning.freeze(ledger, draft(row(2, orders=PEOPLE, reminders=PLAN), **about))
        (one,) = await claimed(ledger, frozen.batch_id)
        people = [SignerSnapshot(id=f"s{number}", email=f"person{number:02}@example.com") for number in PEOPLE]
        answer = Snapshot(id=ID, status=Status.SENT, signers=tuple(people))
        for number, group in enumerate([*groups, []]):
            if number == answered:
                await sending.record_sent(ledger, one.request_id, one.attempt, answer)
            bodies = [body.replace(REF.encode(), one.ref.encode()) for body in group]
            await inbox.put(ledger, [_delivery(provider, body) for body in bodies])
            while await apply_waiting(ledger):
                pass
        return await _how_it_stands(ledger)


def _delivery(provider: str, body: bytes) -> Delivery:
    identity = PROVIDERS[provider].delivery_id({}, body)
    return Delivery(provider=provider, account="sandbox", identity=identity, body=body, genuine=True)


async def _how_it_stands(ledger: Ledger) -> dict[str, Any]:
    (request,) = await lines(ledger, requests)
    people = await lines(ledger, signers)
    due = [(one["kind"], (one["payload"] or {}).get("name")) for one in await lines(ledger, effects)]
    return {
        **{name: request[name] for name in ("state", "provider_id", "problem", "document_url", "attempts")},
        "people": [one["state"] for one in people],
        "known": [one["provider_signer_id"] for one in people],
        "dated": [[one[name] is not None for name in ("invited_at", "viewed_at", "signed_at")] for one in people],
        "reminded": [one["next_reminder_at"] for one in people],
        "incidents": len(await lines(ledger, incidents)),
        "archive": sum(kind == "archive" for kind, _ in due),
        "completed": sum(name == "esign.request.completed" for _, name in due),
        "webhooks": [one["state"] for one in await lines(ledger, inbox_table)],
    }
