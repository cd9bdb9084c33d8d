"""`esign demo`: the whole story on this machine; no account needed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli.failures import BadUsage, OutsideFailed

if TYPE_CHECKING:
    from cli.stage import Plot

HOUR_IN_SECONDS = 1.0
"""How long an hour of the sandbox's lasts, so that a webhook's hourly retry can be waited for."""


async def demo(*, provider: str = "esignatures", keep: bool = False) -> None:
    """Send a sheet of 12 rows to the sandbox, have simulated people sign, and archive what is signed.

    Starts everything on free ports, tells what became of each row, and stops everything again. What it leaves lies
    under .esign/demo of this folder; running it again starts afresh.

    Parameters
    ----------
    provider
        Which provider the sandbox stands in for; `esign providers` names them.
    keep
        Leave everything running until Ctrl-C, to look at Prefect's pages and the mailbox.
    """
    from cli.locks import only_one
    from cli.stage import raised
    from cli.waiting import until_ended
    from connectors.signing.registry import PROVIDERS

    if provider not in PROVIDERS:
        raise BadUsage(f"There is no provider '{provider}'; there is: {', '.join(PROVIDERS)}.")
    home = Path.cwd() / ".esign" / "demo"
    another = "Another demo is running in this folder: stop it first (Ctrl-C where it runs)."
    with only_one(home.parent / "demo.lock", another):
        _cut_off(home)
        _afresh(home)
        print("Starting a Prefect server, the sandbox and the receiver …", flush=True)
        begun = time.monotonic()
        async with raised(_plot(home)) as stage:
            # Only now: Prefect reads the environment when it is imported.
            from cli.story import Story

            story = Story(home, stage, PROVIDERS[provider], {"starting": time.monotonic() - begun})
            problem = await story.run()
            story.summary(kept=keep)
            if keep:
                print(f"Everything stays up until Ctrl-C. In another terminal: export ESIGN_HOME={home}", flush=True)
                await until_ended()
        if problem:
            raise OutsideFailed(problem)


def _plot(home: Path) -> Plot:
    from cli.ports import free_ports
    from cli.stage import Plot

    given = os.environ.get("PREFECT_API_URL")
    return Plot(
        home=home,
        ports=free_ports(),
        api_url=given.rstrip("/") if given else None,
        prefect_home=None if given else home / "prefect",
        for_a_while=True,
        robots=True,
        clock_factor=3600 / HOUR_IN_SECONDS,
    )


def _cut_off(home: Path) -> None:
    """Keep real accounts, ledgers and archives out of reach; only a Prefect server may be named from outside."""
    for name in [name for name in os.environ if name.startswith(("ESIGN_", "SANDBOX_"))]:
        del os.environ[name]
    os.environ["ESIGN_ENV_FILE"] = ""
    os.environ["ESIGN_HOME"] = str(home)


def _afresh(home: Path) -> None:
    """Clear away the last demo's home, which nobody uses any more: the lock is ours, and leftovers are ended first."""
    from cli.household import end_leftovers

    end_leftovers(home / "children.json")
    if home.is_symlink() or (home.exists() and any(home.iterdir()) and not (home / "secrets.env").exists()):
        raise BadUsage(f"{home} is not a demo's folder: move it away, since the demo would empty it.")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, mode=0o700)
