"""`esign up`: everything that has to run on one machine, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.failures import BadUsage

if TYPE_CHECKING:
    from cli.stage import Stage

PREFECT, SANDBOX, RECEIVER = 4200, 8095, 8096
"""The ports unless told otherwise."""


async def up(
    *,
    sandbox: bool = True,
    robots: bool = False,
    prefect_port: Annotated[int, Parameter(name="--prefect-port")] = PREFECT,
    sandbox_port: Annotated[int, Parameter(name="--sandbox-port")] = SANDBOX,
    receiver_port: Annotated[int, Parameter(name="--receiver-port")] = RECEIVER,
) -> None:
    """Start a Prefect server (unless PREFECT_API_URL names one), deployments, worker, receiver and sandbox.

    Parameters
    ----------
    sandbox
        Whether the sandbox runs too; leave it out when only real accounts are used.
    robots
        Whether simulated people sign what is sent to the sandbox.
    prefect_port
        Port of the Prefect server, when one is started.
    sandbox_port
        Port of the sandbox.
    receiver_port
        Port of the receiver.
    """
    from cli import keys
    from cli.household import end_leftovers
    from cli.locks import only_one
    from cli.ports import Ports, require_free
    from cli.stage import Plot, raised
    from cli.waiting import until_ended
    from ledger.settings import load_settings

    # What an `up` that was killed left behind is neither running nor true.
    settings = load_settings(running=False)
    ports = Ports(prefect=prefect_port, sandbox=sandbox_port, receiver=receiver_port)
    with only_one(settings.home / "up.lock", "Already up in this home: stop the other `esign up` first."):
        end_leftovers(settings.home / "children.json")
        keys.withdraw(settings.home)
        if settings.api_url is None:
            require_free(ports.prefect, "Prefect server", "--prefect-port, or name a running one in PREFECT_API_URL")
        if sandbox:
            require_free(ports.sandbox, "sandbox", "--sandbox-port, or leave it out with --no-sandbox")
        require_free(ports.receiver, "receiver", "--receiver-port")
        if robots and not sandbox:
            raise BadUsage("Robots sign in the sandbox only: leave out either --robots or --no-sandbox.")
        plot = Plot(
            home=settings.home, ports=ports, api_url=settings.api_url, public_url=settings.public_url,
            sandbox=sandbox, robots=robots,
        )  # fmt: skip
        print("Starting …", flush=True)
        async with raised(plot) as stage:
            print(_addresses(stage), flush=True)
            await until_ended()


def _addresses(stage: Stage) -> str:
    lines = [
        "Up. Stop with Ctrl-C.",
        f"  Prefect   {stage.prefect_pages}",
        f"  Webhooks  {stage.public_url}/hooks/…",
    ]
    if stage.sandbox:
        lines.append(f"  Mailbox   {stage.sandbox}/mailbox")
    return "\n".join(lines)
