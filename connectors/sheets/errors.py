"""What can go wrong with a sheet, said to the person who owns it."""

from __future__ import annotations


class SheetError(Exception):
    """The sheet cannot be read or written; the message is one sentence that names the file and says what to do.

    It may name the file, a row number and column names, never what stands in a row.
    """


class NoRows(SheetError):
    """The sheet has headers and nothing below them."""
