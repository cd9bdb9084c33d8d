"""The run that takes a share of a batch another run is sending."""

from __future__ import annotations

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.deployments.flow_runs import arun_deployment
from prefect.states import Completed

from flows.edges import edge
from flows.room import opened
from flows.send.chunks import in_task
from flows.send.sharing import take_share

DEPLOYMENT = "share-batch/share-batch"


@flow(name="share-batch", persist_result=False)
@edge
async def share_batch(batch: str) -> State[None]:
    """Send rows of a batch that a run of `send-batch` with several workers is sending; without one, nothing.

    Args:
        batch: Id of the batch.
    """
    async with opened() as (settings, ledger):
        tally = await take_share(ledger, batch, settings, chunk=in_task(batch))
    return Completed(message=f"{batch}: {tally.sent} sent, {tally.refused} refused, {tally.unclear} unclear.")


async def start_shares(batch: str, number: int) -> None:
    """Have so many further runs started, wherever the work pool has workers."""
    for _ in range(number):
        await arun_deployment(DEPLOYMENT, parameters={"batch": batch}, timeout=0, as_subflow=False)
