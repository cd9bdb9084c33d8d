"""A sender that is broken on purpose is caught: the suite is able to fail."""

from __future__ import annotations

import asyncio

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
async def test_senders_that_send_again_blindly_are_caught_and_the_real_one_is_not(carry_out: Carry) -> None:
    senders = (SendsAgain, FindsNothing, ESignatures)
    again, nothing, real = await asyncio.gather(*(carry_out(UNCLEAR, sender) for sender in senders))
    assert any("accepted 2 times" in problem for problem in again.problems)
    assert any("accepted 2 times" in problem for problem in nothing.problems)
    assert real.problems == []
