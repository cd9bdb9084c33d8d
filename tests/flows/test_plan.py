"""What a sheet would have sent: pure, so most of it is said with made-up sheets."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sheets import Sheet, SheetRow
from connectors.signing.errors import Unsupported
from connectors.signing.esignatures import ESignatures
from connectors.signing.provider import Capability
from flows.send.plan import Memory, Plan, PlanVerdict, Sending, keys, make_plan, marks
from ledger.drafts import Known, content_hash
from ledger.states import RequestState
from recipes.loading import load
from recipes.model import Recipe

OURS, REQUEST = "AAAAAA", "req_01K0000000000000000000000A"
KNOWS_NOTHING = Memory(known={}, marked={})
RECIPE = """\
id: paper
description: Something small.
columns:
  company: {description: Who., example: Example Company 01}
  email: {type: email, description: Where., example: person01@example.com}
  amount: {type: integer, description: How much., example: "5"}
key: [company]
title: Paper for {{ company }}
document: document.md
signers:
  - {role: counterparty, name: "{{ company }}", email: "{{ email }}"}
reminders: {first: 3d, every: 4d, most: 2}
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    folder = tmp_path_factory.mktemp("recipes") / "paper"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "document.md").write_text("# {{ company }} gets {{ amount }}")
    return load(folder)


def sheet(*rows: tuple[str, str, str] | tuple[str, str, str, str], first: int = 2) -> Sheet:
    columns = ("company", "email", "amount", "esign id")
    return Sheet(
        place="/data/list.csv",
        columns=columns,
        rows=tuple(
            SheetRow(number, dict(zip(columns, [*cells, ""][:4], strict=True)))
            for number, cells in enumerate(rows, start=first)
        ),
    )


def plan(
    recipe: Recipe, content: Sheet, memory: Memory = KNOWS_NOTHING, again: bool = False, **changes: object
) -> Plan:
    values: dict[str, object] = {
        "provider": ESignatures, "account": "sandbox", "mode": "test", "campaign": "paper", "recipe": "paper",
        "ledger": OURS, "base_url": "http://127.0.0.1", "fingerprint": "abc",
    }  # fmt: skip
    return make_plan(recipe, content, Sending(**{**values, **changes}), memory, again=again)  # type: ignore[arg-type]


def verdicts(made: Plan) -> list[str]:
    return [str(row.verdict) for row in made.rows]


def known(state: RequestState) -> Known:
    return Known(request_id=REQUEST, batch_id="bat_1", state=state, key="One", row=2, round=1, attempts=1)


def test_good_rows_are_sent_and_bad_ones_say_which_column(recipe: Recipe) -> None:
    made = plan(
        recipe, sheet(("One", "person01@example.com", "5"), ("Two", "nowhere", "5"), ("", "a@example.com", "5"))
    )
    assert verdicts(made) == ["send", "refused", "refused"]
    assert "email" in (made.rows[1].problem or "") and "company" in (made.rows[2].problem or "")
    assert (made.rows[1].key, made.rows[2].key) == ("Two", None)


def test_of_identical_repeats_the_first_is_sent(recipe: Recipe) -> None:
    row = ("One", "person01@example.com", "5")
    made = plan(recipe, sheet(row, row, row))
    assert verdicts(made) == ["send", "duplicate", "duplicate"]
    assert "row 2" in (made.rows[2].problem or "")


def test_of_differing_rows_with_one_key_none_is_sent(recipe: Recipe) -> None:
    made = plan(recipe, sheet(("One", "person01@example.com", "5"), ("One ", "person01@example.com", "6")))
    assert verdicts(made) == ["duplicate", "duplicate"]
    assert "2, 3" in (made.rows[0].problem or "")


def test_a_repeat_that_cannot_be_read_spoils_the_other_too(recipe: Recipe) -> None:
    made = plan(recipe, sheet(("One", "person01@example.com", "5"), ("One", "person01@example.com", "many")))
    assert verdicts(made) == ["duplicate", "refused"]
    assert "amount" in (made.rows[1].problem or "")


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (RequestState.PLANNED, "send"),
        (RequestState.SENDING, "unchanged"),
        (RequestState.UNCERTAIN, "unchanged"),
        (RequestState.SENT, "unchanged"),
        (RequestState.FAILED, "unchanged"),
        (RequestState.COMPLETED, "unchanged"),
    ],
)
def test_what_the_ledger_has_is_not_sent_again(recipe: Recipe, state: RequestState, verdict: str) -> None:
    memory = Memory(known={"One": known(state)}, marked={})
    assert verdicts(plan(recipe, sheet(("One", "person01@example.com", "5")), memory)) == [verdict]


def test_what_the_provider_refused_is_sent_again_on_demand_and_says_why_it_failed(recipe: Recipe) -> None:
    refused = known(RequestState.FAILED).model_copy(update={"problem": "The name is too long."})
    memory, content = Memory(known={"One": refused}, marked={}), sheet(("One", "person01@example.com", "5"))
    made = plan(recipe, content, memory, again=True)
    assert verdicts(made) == ["send"] and made.rows[0].problem == "refused last time: The name is too long."
    assert made.hash == plan(recipe, content, memory).hash
    sent = Memory(known={"One": known(RequestState.SENT)}, marked={})
    assert verdicts(plan(recipe, content, sent, again=True)) == ["unchanged"]


def test_a_row_that_is_out_in_another_campaign_is_blocked_with_both_ways_on(recipe: Recipe) -> None:
    content = sheet(("One", "person01@example.com", "5", f"{OURS}:{REQUEST}"))
    memory = Memory(known={}, marked={REQUEST: "One"}, elsewhere={REQUEST: "paper 2025"})
    (row,) = plan(recipe, content, memory, campaign="paper 2026").rows
    assert row.verdict is PlanVerdict.BLOCKED and "go on with --campaign 'paper 2025', or" in (row.problem or "")


@pytest.mark.parametrize(
    ("cell", "marked", "word"),
    [
        (f"BBBBBB:{REQUEST}", {}, "another ledger"),
        (f"{OURS}:{REQUEST}", {}, "does not know"),
        (f"{OURS}:{REQUEST}", {REQUEST: "Another Company"}, "key was edited"),
        ("hello", {}, "something else"),
    ],
)
def test_a_row_that_is_marked_wrongly_is_blocked(recipe: Recipe, cell: str, marked: dict[str, str], word: str) -> None:
    made = plan(recipe, sheet(("One", "person01@example.com", "5", cell)), Memory(known={}, marked=marked))
    assert verdicts(made) == ["blocked"] and word in (made.rows[0].problem or "")


def test_a_row_that_carries_its_own_mark_is_fine(recipe: Recipe) -> None:
    content = sheet(("One", "person01@example.com", "5", f"{OURS}:{REQUEST}"))
    assert marks(content) == [REQUEST] and keys(recipe, content) == ["One"]
    memory = Memory(known={"One": known(RequestState.SENT)}, marked={REQUEST: "One"})
    assert verdicts(plan(recipe, content, memory)) == ["unchanged"]


def test_the_hash_is_that_of_what_would_reach_people(recipe: Recipe) -> None:
    one, two = ("One", "person01@example.com", "5"), ("Two", "person02@example.com", "5")
    base = plan(recipe, sheet(one, two))
    sent = Memory(known={"One": known(RequestState.SENT)}, marked={REQUEST: "One"})
    assert plan(recipe, sheet((*one, f"{OURS}:{REQUEST}"), two), sent).hash == base.hash
    assert plan(recipe, sheet(one, two, ("Three", "nowhere", "5"))).hash == base.hash
    others = [
        plan(recipe, sheet(one, ("Two", "person02@example.com", "6"))),
        plan(recipe, sheet(one)),
        plan(recipe, sheet(one, two), mode="live"),
        plan(recipe, sheet(one, two), account="default"),
        plan(recipe, sheet(one, two), campaign="again"),
        plan(recipe, sheet(one, two), fingerprint="another key"),
    ]
    assert len({base.hash, *(other.hash for other in others)}) == len(others) + 1


def test_a_provider_that_cannot_do_it_refuses_the_whole_plan(recipe: Recipe) -> None:
    class Less(ESignatures):
        capabilities = ESignatures.capabilities - {Capability.MARKDOWN}

    with pytest.raises(Unsupported):
        plan(recipe, sheet(("One", "person01@example.com", "5")), provider=Less)


def test_a_live_plan_asks_for_live_requests(recipe: Recipe) -> None:
    row = ("One", "person01@example.com", "5")
    assert plan(recipe, sheet(row), mode="live").draft().rows[0].request.test is False
    assert plan(recipe, sheet(row)).draft().rows[0].request.test is True


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["One", "Two", " one", "ONE", ""]),
        st.sampled_from(["a@example.com", "b@example.com", "x"]),
        st.sampled_from(["1", "2"]),
    ),
    max_size=12,
)


@given(ROWS)
def test_no_two_good_rows_share_a_key_and_no_row_is_lost(recipe: Recipe, rows: Sequence[tuple[str, str, str]]) -> None:
    made = plan(recipe, sheet(*rows))
    sent = [row.key for row in made.send]
    assert len(sent) == len(set(sent))
    assert [row.row for row in made.rows] == list(range(2, len(rows) + 2))
    assert all(row.problem for row in made.refused)
    draft = made.draft()
    assert len(draft.rows) + len(draft.refused) == len(rows)
    assert made.hash == plan(recipe, sheet(*rows)).hash


def test_a_row_that_says_something_else_than_what_was_sent_is_edited(recipe: Recipe) -> None:
    row = ("One", "person01@example.com", "5")
    (sent,) = plan(recipe, sheet(row)).draft().rows
    was = known(RequestState.SENT).model_copy(
        update={"content_hash": content_hash(sent.request), "provider": "esignatures"}
    )
    memory = Memory(known={"One": was}, marked={})
    assert verdicts(plan(recipe, sheet(row), memory)) == ["unchanged"]
    assert verdicts(plan(recipe, sheet(("One ", "person01@Example.com", "5")), memory)) == ["unchanged"]
    made = plan(recipe, sheet(("One", "person02@example.com", "5")), memory)
    assert verdicts(made) == ["edited"] and made.already and not made.send and not made.refused
    elsewhere = Memory(known={"One": was.model_copy(update={"provider": "lumin"})}, marked={})
    assert verdicts(plan(recipe, sheet(("One", "person02@example.com", "5")), elsewhere)) == ["unchanged"]


@pytest.mark.parametrize(
    ("state", "asked", "verdict"),
    [
        (RequestState.CANCELED, (2,), "send"),
        (RequestState.DECLINED, (2,), "send"),
        (RequestState.EXPIRED, (2,), "send"),
        (RequestState.CANCELED, (), "unchanged"),
        (RequestState.COMPLETED, (2,), "unchanged"),
        (RequestState.UNCERTAIN, (2,), "unchanged"),
        (RequestState.SENT, (2,), "unchanged"),
    ],
)
def test_what_has_ended_is_sent_anew_where_the_row_is_asked_for_by_number(
    recipe: Recipe, state: RequestState, asked: tuple[int, ...], verdict: str
) -> None:
    memory, content = Memory(known={"One": known(state)}, marked={}), sheet(("One", "person01@example.com", "5"))
    sending = plan(recipe, content).sending
    made = make_plan(recipe, content, sending, memory, again=True, asked=asked)
    assert verdicts(made) == [verdict]
    assert verdicts(make_plan(recipe, content, sending, memory, asked=asked)) == ["unchanged"]
    if verdict == "send":
        assert made.rows[0].problem == f"{state} last time"
