"""A long workbook is read and filled in within bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sheets.excel.building import by_hand, parts_of

ROWS = 10_000
MOST_MEGABYTES = 150
_WORK = r"""
import re, sys
from pathlib import Path
from connectors.sheets import RowResult, read, write_back
def peak():
    # The kernel's ru_maxrss begins with what the test's own process had.
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024
print(sum(len(row.cells) for row in read(sys.argv[1]).rows))
print(peak())
shown = lambda at: {"esign status": "sent", "esign id": f"a:{at}"}
results = [RowResult(at + 2, str(at), shown(at)) for at in range(int(sys.argv[2]))]
print(len(write_back(sys.argv[1], results, lambda cells: cells["c0"], settle=0)))
print(peak())
"""


def test_ten_thousand_rows_need_little_memory(tmp_path: Path) -> None:
    def row(at: int) -> str:
        texts = (f"<c t='inlineStr'><is><t>text {at} of column {column}</t></is></c>" for column in range(5))
        return f"<row><c><v>{at}</v></c>{''.join(texts)}{''.join(f'<c><v>{at}.25</v></c>' for _ in range(4))}</row>"

    header = "".join(f"<c t='str'><v>c{column}</v></c>" for column in range(10))
    path = tmp_path / "people.xlsx"
    path.write_bytes(by_hand(f"<row>{header}</row>" + "".join(map(row, range(ROWS)))))
    done = subprocess.run([sys.executable, "-c", _WORK, path, str(ROWS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    cells, reading, missing, writing = map(int, done.stdout.split())
    assert cells == ROWS * 10
    assert missing == 0
    assert reading < MOST_MEGABYTES
    assert writing < MOST_MEGABYTES
    assert parts_of(tmp_path / "people.status.xlsx")["xl/worksheets/sheet1.xml"].count(b"<t>sent</t>") == ROWS
