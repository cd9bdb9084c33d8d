"""What one process used for its work: time, CPU seconds, peak of memory; its last line tells it as JSON."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = resource.getpagesize()


@dataclass
class Meter:
    """Started when the work starts; what came before (imports, opening) is not counted, but for memory."""

    begun: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=lambda: _cpu())
    marks: list[tuple[int, float, float]] = field(default_factory=list)
    """(rows so far, seconds so far, MiB now) at the end of each chunk."""

    def mark(self, rows: int) -> None:
        """Note where the work stands."""
        so_far = self.marks[-1][0] if self.marks else 0
        self.marks.append((so_far + rows, time.perf_counter() - self.begun, resident()))

    def read(self, rows: int, **more: Any) -> dict[str, Any]:
        """The figures."""
        seconds = time.perf_counter() - self.begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures = {
            "rows": rows,
            "seconds": seconds,
            "rows_per_second": rows / seconds,
            "cpu_seconds": _cpu() - self.cpu,
            "peak_mib": peak,
        }
        beside = resource.getrusage(
            resource.RUSAGE_CHILDREN
        )  # of the processes it started: all their time, the largest
        # A process that ends at once has its parent's memory for a moment, and nothing to do with the work.
        if (cpu := beside.ru_utime + beside.ru_stime) > 0.5:
            figures |= {"beside_cpu_seconds": cpu, "beside_peak_mib": beside.ru_maxrss / 1024}
        return figures | self._later() | more

    def _later(self) -> dict[str, Any]:
        """Time a row and memory once the first chunk is over: there stand imports, first connections, the lone row."""
        if len(self.marks) < 3:
            return {}
        (rows, seconds, mib), (all_rows, all_seconds, last) = self.marks[0], self.marks[-1]
        return {"later_ms_a_row": (all_seconds - seconds) / (all_rows - rows) * 1000, "first_chunk_mib": mib,
                "last_chunk_mib": last}  # fmt: skip


def resident() -> float:
    """MiB of this process now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def tell(work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> None:
    """Run a way of sending and print its figures as the last line."""
    import asyncio

    print(json.dumps(asyncio.run(work())), flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
