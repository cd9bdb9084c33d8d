"""Everything that has to run beside a sheet: Prefect server, worker, receiver and, for trying out, the sandbox."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

import flows
from cli import keys, prefect_server
from cli.failures import OutsideFailed
from cli.household import Child, Household
from cli.ports import HOST, Ports
from cli.reach import answers

POOL = "esign"
PROJECT = Path(flows.__file__).resolve().parent.parent
"""The folder of `prefect.yaml`."""

DEPLOY_SECONDS = 60.0
"""Seconds the deployments may take (3 on an idle machine) before Prefect is believed to hang."""

PUBLISHED = ("PREFECT_API_URL", "ESIGN_PUBLIC_URL", "ESIGN_SANDBOX_URL", *keys.MADE_HERE)
"""What other commands on this machine have to agree on with what runs here, whatever their own environment says."""

QUIET_PREFECT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_CLI_WRAP_LINES": "false",
    # What listens on this machine is never reached through a proxy.
    "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), HOST, "localhost"))),
}


class Stage(BaseModel):
    """The addresses of what runs."""

    model_config = ConfigDict(frozen=True)

    prefect_api: str
    prefect_pages: str
    receiver: str
    public_url: str
    sandbox: str | None
    own_server: bool


class Plot(BaseModel):
    """What to bring up: where, and with how much of a rehearsal around it.

    `for_a_while`: nothing of ours stays on a Prefect server that is not ours, and nothing of others there is replaced.
    """

    model_config = ConfigDict(frozen=True)

    home: Path
    ports: Ports
    api_url: str | None = None
    public_url: str | None = None
    prefect_home: Path | None = None
    for_a_while: bool = False
    sandbox: bool = True
    robots: bool = False
    clock_factor: float = 1.0
    robot_delay: float = 0.0


@asynccontextmanager
async def raised(plot: Plot) -> AsyncIterator[Stage]:
    """Start everything, deploy `prefect.yaml`, and hold it up until the block ends; nothing is left behind."""
    stage = _addresses(plot)
    env = _environment(plot, stage)
    os.environ.update(env)
    if not stage.own_server:
        await _require_prefect(stage.prefect_api)
    async with Household(plot.home) as household:
        server = None
        if stage.own_server:
            server = await household.start(
                "prefect-server", "prefect", "server", "start", "--host", HOST, "--port", str(plot.ports.prefect),
                env=env, ready_url=f"{stage.prefect_api}/health",
            )  # fmt: skip
        rehearsal = await _start_sandbox(household, plot, env) if plot.sandbox else None
        receiver = await household.start(
            "receiver", "receiver", "--host", HOST, "--port", str(plot.ports.receiver),
            env=env, ready_url=f"{stage.receiver}/healthz",
        )  # fmt: skip
        for child in filter(None, (server, rehearsal, receiver)):
            await household.ready(child)
        visiting = plot.for_a_while and not stage.own_server
        if visiting:
            await prefect_server.require_untouched(POOL)
        await prefect_server.prepare(POOL, visiting=visiting)
        worker_env = {**env, "PREFECT_WORKER_QUERY_SECONDS": os.environ.get("PREFECT_WORKER_QUERY_SECONDS", "1")}
        await household.start(
            "worker", "prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", "esign-worker",
            "--limit", "10", env=worker_env,
        )  # fmt: skip
        await deploy(env, plot.home / "logs" / "deploy.log")
        keys.publish(plot.home, {name: env[name] for name in PUBLISHED if name in env})
        try:
            yield stage
        finally:
            keys.withdraw(plot.home)
            if visiting:
                await prefect_server.leave(POOL)


async def deploy(env: Mapping[str, str], log: Path) -> None:
    """Make every deployment of `prefect.yaml`, as `prefect deploy --all` does by hand; a second time if it hangs."""
    for _ in range(2):
        if await _deployed(env, log):
            return
    raise OutsideFailed(f"The deployments of prefect.yaml could not be made; what Prefect said is in {log}.")


async def _deployed(env: Mapping[str, str], log: Path) -> bool:
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all",
            cwd=PROJECT, env={**os.environ, **env}, stdin=asyncio.subprocess.DEVNULL,
            stdout=output, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(DEPLOY_SECONDS):
                return await process.wait() == 0
        except TimeoutError:
            return False
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _addresses(plot: Plot) -> Stage:
    receiver = f"http://{HOST}:{plot.ports.receiver}"
    api = plot.api_url or f"http://{HOST}:{plot.ports.prefect}/api"
    return Stage(
        prefect_api=api,
        prefect_pages=api.removesuffix("/api"),
        receiver=receiver,
        public_url=plot.public_url or receiver,
        sandbox=f"http://{HOST}:{plot.ports.sandbox}" if plot.sandbox else None,
        own_server=plot.api_url is None,
    )


def _environment(plot: Plot, stage: Stage) -> dict[str, str]:
    env = {
        **QUIET_PREFECT,
        **keys.keep_secrets(plot.home),
        "ESIGN_HOME": str(plot.home),
        "ESIGN_PUBLIC_URL": stage.public_url,
        "PREFECT_API_URL": stage.prefect_api,
    }
    if stage.sandbox:
        env["ESIGN_SANDBOX_URL"] = stage.sandbox
    if plot.prefect_home:
        env["PREFECT_HOME"] = str(plot.prefect_home)
    return env


async def _start_sandbox(household: Household, plot: Plot, env: dict[str, str]) -> Child:
    return await household.start(
        "sandbox", "sandbox", "--host", HOST, "--port", str(plot.ports.sandbox), "--home", str(plot.home / "sandbox"),
        "--clock-factor", str(plot.clock_factor), "--robots" if plot.robots else "--no-robots",
        "--robot-delay", str(plot.robot_delay),
        env={**env, **_webhooks(plot, env), "SANDBOX_TOKEN": env["ESIGN_SANDBOX_TOKEN"]},
        ready_url=f"http://{HOST}:{plot.ports.sandbox}/_sandbox/health",
    )  # fmt: skip


def _webhooks(plot: Plot, env: Mapping[str, str]) -> dict[str, str]:
    """The addresses people would type in at providers that take none with a request, for the sandbox's accounts."""
    from connectors.signing.accounts import SANDBOX
    from connectors.signing.hooks import hook_url
    from connectors.signing.registry import PROVIDERS

    secrets = [SecretStr(env["ESIGN_RECEIVER_SECRET"].partition(",")[0])]
    receiver = f"http://{HOST}:{plot.ports.receiver}"
    return {
        f"SANDBOX_WEBHOOK_{name.upper()}": hook_url(receiver, secrets, name, SANDBOX)
        for name, provider in PROVIDERS.items()
        if provider.webhook_setup is not None
    }


async def _require_prefect(api: str) -> None:
    if not await answers(f"{api}/health"):
        raise OutsideFailed(
            f"No Prefect server answers at {api}: start it, or unset PREFECT_API_URL so that one is started here."
        )
