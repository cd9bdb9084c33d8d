"""What the command puts on a Prefect server: a process pool and the block types; and how it leaves a stranger's server.

Prefect reads the environment when it is imported, so it is imported in here only, after the environment is set.
"""

from __future__ import annotations

import contextlib

from cli.failures import BadUsage

OURS = "Made by `esign demo`, which removes it again."


async def prepare(pool: str, *, visiting: bool) -> None:
    """Make the process pool for the worker, and the block types, so that both stand in Prefect's pages."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    import blocks

    async with get_client() as client:
        with contextlib.suppress(ObjectAlreadyExists):
            await client.create_work_pool(
                WorkPoolCreate(name=pool, type="process", description=OURS if visiting else None)
            )
    for name in blocks.__all__:
        await getattr(blocks, name).register_type_and_schema()


async def require_untouched(pool: str) -> None:
    """Raise `BadUsage` if somebody else's pool is on the server: the demo would replace its deployments."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        there = {each.name: each.description for each in await client.read_work_pools()}
    if there.get(pool, OURS) != OURS:
        raise BadUsage(
            f"The Prefect server in PREFECT_API_URL has a work pool '{pool}' already, whose deployments the demo would "
            "replace: unset PREFECT_API_URL, and the demo starts a server of its own."
        )


async def leave(pool: str) -> None:
    """Take everything off the server again: deployments, their automations, and the pool."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName
    from prefect.exceptions import ObjectNotFound

    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    async with get_client() as client:
        for deployment in await client.read_deployments(work_pool_filter=ours):
            await client.delete_deployment(deployment.id)
        with contextlib.suppress(ObjectNotFound):
            await client.delete_work_pool(pool)
