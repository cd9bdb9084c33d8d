"""Asks a person, after the first rows of a batch, whether the others may go out; bound to the frozen plan's hash."""

from __future__ import annotations

from typing import Literal

from prefect.artifacts import acreate_markdown_artifact
from prefect.context import FlowRunContext
from prefect.flow_runs import asuspend_flow_run
from prefect.input import RunInput
from pydantic import ConfigDict, Field

from flows.send.artifact import artifact_key
from ledger import batches
from ledger.batches import Batch
from ledger.gates import Gate
from ledger.store import Ledger

SHOWN = 12
"""Characters of the plan's hash that a person sees, and that an answer carries back."""


class Approval(RunInput):
    """A person's answer. Resumed without one, nothing is sent."""

    model_config = ConfigDict(extra="forbid")

    send_the_others: Literal["no", "yes"] = Field(
        default="no",
        title="Send the rows that wait?",
        description="Only 'yes' sends them; 'no' leaves the batch paused.",
    )
    plan: str = Field(
        default="",
        title="Plan",
        description="First characters of the plan's hash, as the run's artifact shows it. An answer to another plan "
        "counts as no.",
    )


def run_id() -> str | None:
    """The Prefect run this is; it stays the same when a suspended run starts again."""
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else None


def can_suspend() -> bool:
    """Whether this run comes from a deployment, so that somebody starts it again after an answer."""
    context = FlowRunContext.get()
    return bool(context and context.flow_run and context.flow_run.deployment_id)


async def approved(ledger: Ledger, batch: Batch, gate: Gate, hours: float) -> bool:
    """A person's answer; the run ends here until there is one, and starts again from its first line.

    Without an answer within so many hours Prefect calls the run failed; the batch stays closed in the ledger, and
    `esign batch resume` still opens it.
    """
    if gate.answer is not None:  # answered before a restart
        return gate.answer == "yes"
    shown = batch.hash[:SHOWN]
    question = await _question(ledger, batch, gate)
    await acreate_markdown_artifact(
        markdown=question, key=f"{artifact_key(batch.id)}-canary", description=_may(batch, gate)
    )
    said = await asuspend_flow_run(
        wait_for_input=Approval.with_initial_data(description=question, plan=shown),
        timeout=max(1, round(hours * 3600)),
        key="canary",
    )
    return said.send_the_others == "yes" and said.plan == shown


async def _question(ledger: Ledger, batch: Batch, gate: Gate) -> str:
    counts = await batches.counts(ledger, batch.id)
    numbers = "\n".join(f"| {state} | {number} |" for state, number in counts.items() if number)
    before = (
        f"The first rows, up to row {gate.last_row} of the sheet, were sent." if gate.last_row else "Nothing was sent."
    )
    return (
        f"### {_may(batch, gate)}\n\n"
        f"{before} **{gate.waiting}** rows wait for a yes.\n\n"
        f"| state | rows |\n| --- | --- |\n{numbers}\n\n"
        f"Plan `{batch.hash[:SHOWN]}` · account `{batch.provider}/{batch.account}` ({batch.mode})\n\n"
        "The sheet is not read again: what was planned goes out, or nothing."
    )


def _may(batch: Batch, gate: Gate) -> str:
    return f"May {'the rest of ' if gate.last_row else ''}{batch.id} go out?"
