"""What `esign doctor` looks at, one function a thing; each finding says what to do where something is wrong."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from cli.reach import answers
from ledger.settings import Settings

Check = Callable[[Settings], Awaitable["Finding"]]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `sentence` says what was found, and what to do if it is not well."""

    what: str
    ok: bool
    sentence: str


async def ledger(settings: Settings) -> Finding:
    """Does the ledger open, and is anything in it stuck?"""
    from ledger import inbox, outbox
    from ledger.store import Ledger

    try:
        async with await Ledger.open(settings.ledger_url) as opened:
            dead, stuck = len(await inbox.dead(opened)), len(await outbox.stuck(opened))
            name = opened.id
    except Exception as error:
        return Finding("ledger", False, f"It cannot be opened ({type(error).__name__}): check ESIGN_LEDGER_URL.")
    if dead or stuck:
        return Finding("ledger", False, f"{dead} webhooks and {stuck} follow-ups need a look; see `esign status`.")
    return Finding("ledger", True, f"{name} in {settings.home}")


async def prefect_server(settings: Settings) -> Finding:
    """Does the Prefect server answer?"""
    if settings.api_url is None:
        return Finding("Prefect server", False, "None is known: run `esign up`, or set PREFECT_API_URL.")
    if await answers(f"{settings.api_url}/health"):
        return Finding("Prefect server", True, settings.api_url)
    return Finding("Prefect server", False, f"{settings.api_url} does not answer: run `esign up`.")


async def worker(settings: Settings) -> Finding:
    """Is a worker there to run what events and schedules start, and does everything stand there that it may run?"""
    if settings.api_url is None or not await answers(f"{settings.api_url}/health"):
        return Finding("worker", False, "Unknown without a Prefect server.")
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName
    from prefect.client.schemas.objects import WorkerStatus
    from prefect.types._datetime import now

    pool = WorkPoolFilter(name=WorkPoolFilterName(any_=["esign"]))
    async with get_client() as client:
        names = {deployment.name for deployment in await client.read_deployments(work_pool_filter=pool)}
        if missing := _deployments() - names:
            return Finding("worker", False, f"Deployments are missing ({', '.join(sorted(missing))}): run `esign up`.")
        workers = await client.read_workers_for_work_pool("esign")
    recent = now("UTC") - timedelta(minutes=2)
    if any(
        w.status == WorkerStatus.ONLINE and w.last_heartbeat_time and w.last_heartbeat_time > recent for w in workers
    ):
        return Finding("worker", True, "online on pool 'esign', with every deployment")
    return Finding(
        "worker", False, "None is online on pool 'esign': run `esign up` or `prefect worker start -p esign`."
    )


def _deployments() -> set[str]:
    """The names `prefect.yaml` has; an earlier version of this program may have deployed fewer."""
    from ruamel.yaml import YAML

    from cli.stage import PROJECT

    return {one["name"] for one in YAML(typ="safe").load(PROJECT / "prefect.yaml")["deployments"]}


async def receiver(settings: Settings) -> Finding:
    """Is the door for webhooks open?"""
    if settings.public_url is None:
        return Finding("receiver", False, "ESIGN_PUBLIC_URL is not set: providers do not know where to report.")
    if not settings.receiver_secrets:
        return Finding("receiver", False, "ESIGN_RECEIVER_SECRET is not set: no webhook would be believed.")
    if await answers(f"{settings.public_url}/healthz"):
        if not settings.public_url.startswith("https://"):
            return Finding("receiver", True, f"{settings.public_url}, for the sandbox; real providers need https.")
        return Finding("receiver", True, settings.public_url)
    return Finding(
        "receiver", False, f"{settings.public_url}/healthz does not answer: run `esign up`, or check the address."
    )


async def account(settings: Settings) -> Finding:
    """Are there credentials of a real account, or the sandbox?"""
    from connectors.signing.accounts import SANDBOX, from_environment
    from connectors.signing.errors import ConnectorError
    from connectors.signing.registry import PROVIDERS

    found = {
        f"{name}/{account}": known
        for account in ("default", SANDBOX)
        for name in PROVIDERS
        if (known := from_environment(name, account, os.environ)) is not None
    }
    real = {name: known for name, known in found.items() if not name.endswith(f"/{SANDBOX}")} or found
    if not real:
        return Finding(
            "account", False,
            "Neither a sandbox nor a provider's key is known here: run `esign up` or set the key's variable (see "
            "`esign providers check`); accounts saved as Prefect blocks are not looked at.",
        )  # fmt: skip
    wrong = []
    for name, known in real.items():
        try:
            async with PROVIDERS[name.partition("/")[0]](known) as provider:
                await provider.check()
        except ConnectorError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        return Finding("account", False, " ".join(wrong))
    return Finding("account", True, ", ".join(f"{name} ({one.mode})" for name, one in real.items()))


async def archive(settings: Settings) -> Finding:
    """Is there a place for signed documents?"""
    from blocks.archive import ArchiveNotFound, archive_of

    try:
        await archive_of(settings)
    except ArchiveNotFound as error:
        return Finding("archive", False, str(error))
    except OSError:
        return Finding("archive", False, f"{settings.archive} cannot be written to: check ESIGN_ARCHIVE.")
    return Finding("archive", True, settings.archive or str(settings.home / "archive"))


async def finding(check: Check, settings: Settings) -> Finding:
    """What this check finds; one that fails itself is a finding too, and ends none of the others."""
    try:
        return await check(settings)
    except Exception as error:
        what = check.__name__.replace("prefect_server", "Prefect server")
        sentence = str(error) if type(error) is ValueError else f"It could not be looked at ({type(error).__name__})."
        return Finding(what, False, sentence)


CHECKS: tuple[Check, ...] = (ledger, prefect_server, worker, receiver, account, archive)
