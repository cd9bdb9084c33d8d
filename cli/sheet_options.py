"""The options that `plan` and `send` share: which worksheet, which account, which campaign, which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter, validators


@Parameter(name="*")
@dataclass(frozen=True)
class SheetOptions:
    """How to look at the sheet."""

    worksheet: Annotated[
        str | None, Parameter(help="The worksheet's name in a workbook or Google spreadsheet, if it is not the first.")
    ] = None
    account: Annotated[str | None, Parameter(help="The provider's account to use instead of the recipe's.")] = None
    provider: Annotated[
        str | None, Parameter(help="The provider to send through instead of the recipe's; see `esign providers`.")
    ] = None
    campaign: Annotated[
        str | None, Parameter(help="Name of this sending, when the same people are to be asked again.")
    ] = None
    row: Annotated[
        tuple[int, ...],
        Parameter(help="Only this row of the sheet, as the spreadsheet numbers it; may be repeated.", negative=""),
    ] = ()
    limit: Annotated[int | None, Parameter(help="At most this many rows.", validator=validators.Number(gte=1))] = None
    again: Annotated[
        bool,
        Parameter(
            help="Send anew what the provider refused, with what the sheet says now; with --row, also what was "
            "declined, expired or canceled.",
            negative="",
        ),
    ] = False

    def place(self, sheet: str) -> str:
        """The one name of the sheet that was asked for. Raises `SheetError` for what is no sheet."""
        from connectors.sheets import locate

        return str(locate(sheet).at(self.worksheet))
