"""Fetches a sheet's file."""

from __future__ import annotations

from pathlib import Path

from connectors.sheets.errors import SheetError

LARGEST = 500 << 20
"""Bytes; a sheet of 100,000 rows has 10 to 50 MB."""


def load(path: Path) -> bytes:
    """The file's bytes. Raises `SheetError` when there is none or it may not be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise SheetError(f"{path} is larger than {LARGEST >> 20} MB: split it into several sheets.")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise SheetError(f"There is no sheet at {path}: check the path.") from None
    except IsADirectoryError:
        raise SheetError(f"{path} is a folder: give the sheet in it.") from None
    except OSError:
        raise SheetError(f"{path} cannot be read: close it in other programs and check that you may read it.") from None
