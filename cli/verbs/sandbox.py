"""`esign sandbox`: the providers' stand-in alone, for any client of theirs to be pointed at."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def sandbox(
    *,
    port: int = 8095,
    home: Path | None = None,
    robots: bool = False,
    clock_factor: Annotated[float, Parameter(name="--clock-factor")] = 1.0,
) -> None:
    """Run the sandbox alone until Ctrl-C; its key is printed, and every provider's API stands under its own path.

    Parameters
    ----------
    port
        Port to listen on, on this machine only.
    home
        Folder for everything it keeps; `sandbox` in the home folder unless given.
    robots
        Whether simulated people sign what is sent.
    clock_factor
        How many times faster the providers' hours pass.
    """
    from cli import keys
    from connectors.signing.registry import PROVIDERS
    from ledger.settings import load_settings

    settings = load_settings(running=False)
    token = keys.keep_secrets(settings.home)["ESIGN_SANDBOX_TOKEN"]
    place = home.expanduser().absolute() if home else settings.home / "sandbox"
    print(f"The key of every account, and the secret its webhooks are signed with: {token}")
    print("Where webhooks go is put to /_sandbox/accounts/<provider>; sandbox/README.md has the rest.")
    for provider in PROVIDERS.values():
        print(f"  {provider.title:20} http://127.0.0.1:{port}/{provider.sandbox_path}")
    sys.stdout.flush()
    arguments = [
        sys.executable, "-m", "sandbox", "--port", str(port), "--home", str(place),
        "--clock-factor", str(clock_factor), "--robots" if robots else "--no-robots",
    ]  # fmt: skip
    os.execve(sys.executable, arguments, {**os.environ, "SANDBOX_TOKEN": token})  # noqa: S606 (no shell wanted)
