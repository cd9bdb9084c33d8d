"""A sender that is broken on purpose is caught: the suite is able to fail."""

from __future__ import annotations

import pytest

from connectors.signing.esignatures import ESignatures
from tests.chaos.broken import FindsNothing, SendsAgain
from tests.chaos.conftest import Carry
from tests.chaos.fates import Faults
from tests.chaos.plan import Plan, Trouble

UNCLEAR = Plan(
    seed=1,
    rows=30,
    senders=1,
    concurrency=5,
    rate=400.0,
    lag=0.0,
    pause=0.02,
    blind=False,
    faults=Faults(seed=1, unclear=0.3),
    postgres=False,
    own_disk=False,
    troubles=(Trouble(10, "kill", 0.0),),
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("broken", [SendsAgain, FindsNothing])
async def test_a_sender_that_sends_again_blindly_is_caught(carry_out: Carry, broken: type[ESignatures]) -> None:
    result = await carry_out(UNCLEAR, broken)
    assert any("accepted 2 times" in problem for problem in result.problems)


@pytest.mark.timeout(120)
async def test_the_real_sender_passes_where_the_broken_ones_are_caught(carry_out: Carry) -> None:
    assert (await carry_out(UNCLEAR)).problems == []
