"""`esign --help` answers at once: it loads the command's words and nothing that sends, stores or plans."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import sys
from cli.main import main
main(["--help"])
print(*sys.modules, file=sys.stderr)
"""
HEAVY = {"prefect", "sqlalchemy", "alembic", "pydantic", "httpx", "aiohttp", "psutil", "click", "jinja2", "asyncio",
         "importlib.metadata"}  # fmt: skip
ROOMS = {"connectors", "recipes", "ledger", "blocks", "flows", "receiver", "sandbox"}


def test_help_loads_neither_our_rooms_nor_what_they_need() -> None:
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(asked.stderr.split())
    assert "doctor" in asked.stdout
    assert {"cli.main", "cyclopts"} <= loaded
    assert {name for name in loaded if name.split(".")[0] in ROOMS or name in HEAVY} == set()
