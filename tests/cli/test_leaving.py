"""An interrupted command ends, whatever libraries would still like to do."""

from __future__ import annotations

import subprocess
import sys

SLOW_TO_LEAVE = """
import atexit, signal, time
from cli.main import app, main
app.command(lambda: signal.raise_signal(signal.SIGINT), name="wait")
atexit.register(time.sleep, 300)
main(["wait"])
"""


def test_ctrl_c_does_not_wait_for_what_a_library_does_at_the_end() -> None:
    done = subprocess.run([sys.executable, "-c", SLOW_TO_LEAVE], capture_output=True, text=True, timeout=100)
    assert done.returncode == 130
    assert "Stopped." in done.stderr
