"""`python -m tests.privacy.leak`: what happens without our edge; a run that lets out what it knows wherever it can."""

from __future__ import annotations

import asyncio

from prefect import flow, get_run_logger, tags, task
from prefect.artifacts import acreate_table_artifact
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.runtime import flow_run

from tests.privacy.canaries import LEAKED


@flow(name="careless", flow_run_name=f"for-{LEAKED}-name")
async def careless(sheet: str) -> None:
    """An edge would have said `ValueError`."""
    raise ValueError(f"no such address: {LEAKED}@example.com")


@task(task_run_name=f"row-of-{LEAKED}", persist_result=True)
async def talkative() -> str:
    """A result that is kept as it is."""
    return f"{LEAKED}-result"


@flow(name="chatty", persist_result=True)
async def chatty() -> str:
    """A run that goes well and says too much."""
    get_run_logger().info("Sending to %s", f"{LEAKED}@example.com")
    await acreate_table_artifact(table=[{"signer": f"{LEAKED}-signer"}], key="people")
    emit_event(event="people.known", resource={"prefect.resource.id": f"person.{LEAKED}"})
    async with get_client() as client:
        await client.create_flow_run_input(flow_run_id=flow_run.id, key="answer", value=f"{LEAKED}-input")
    return await talkative()


async def main() -> None:
    with tags(f"for-{LEAKED}-tag"):
        await careless(sheet=f"/home/{LEAKED}.csv", return_state=True)
        await chatty()


if __name__ == "__main__":
    asyncio.run(main())
