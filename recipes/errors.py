"""What can go wrong with a recipe, and with one row of a sheet under a recipe."""

from __future__ import annotations

from collections.abc import Sequence

from recipes.faults import Fault


class RecipeError(Exception):
    """The recipe, or the sheet's columns under it, cannot be used; one sentence with file and line, and what to do.

    It never carries anything of a row.
    """


class DocumentError(RecipeError):
    """A PDF, or an anchor in a document, cannot be used. The sentence's subject is the document, which it leaves to
    whoever knows the file."""


class RowProblem(Exception):
    """A row cannot be sent; one sentence for each fault, which names the column and says what to do.

    It may show what stands in the row. So it goes into the sheet and the ledger, and never into a log, a state
    or any other message.
    """

    def __init__(self, problem: str | Fault | Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = ()
        if isinstance(problem, Fault):
            self.faults = (problem,)
        elif not isinstance(problem, str):
            self.faults = tuple(problem)
        super().__init__(problem if isinstance(problem, str) else " ".join(map(str, self.faults)))
