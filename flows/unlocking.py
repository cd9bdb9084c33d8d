"""Sees that a sheet on the web can be opened: its account may be saved in Prefect, where connectors cannot look."""

from __future__ import annotations

from pathlib import Path

from connectors.sheets import Place
from connectors.sheets.google.handing import is_missing


async def unlock(sheet: Place | Path | str) -> None:
    """Have the connector know the account of this sheet, if it needs one. Raises `SheetError` if Prefect is away."""
    if not str(sheet).startswith("https:") or not is_missing():
        return
    from blocks.google import hand_over_saved  # takes a second to import, and is not always needed

    await hand_over_saved()
