"""Runs the command in a process of its own, and hears which modules it has loaded by its end."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import sys
from cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""


def loaded(*words: str, code: int = 0) -> tuple[str, set[str]]:
    """What the command prints, and the modules it has loaded."""
    asked = subprocess.run([sys.executable, "-c", ASK, *words], capture_output=True, text=True, timeout=100)
    assert asked.returncode == code, asked.stderr
    *_, modules = asked.stderr.splitlines()
    return asked.stdout, set(modules.split())
