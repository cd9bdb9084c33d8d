"""Finds requests that are out and have no row any more: without an `esign id` beside it, an edited key looks so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flows.send.plan import Plan


def without_row(plan: Plan, out: Mapping[str, str]) -> Iterator[str]:
    """The sentence for whoever is about to send new rows; `out` maps the keys of what was sent from this sheet to ids.

    A row that was deleted on purpose looks the same, so nothing is refused.
    """
    keys = {row.key for row in plan.rows}
    gone = [id_ for key, id_ in out.items() if key not in keys]
    new = [row.row for row in plan.send if row.known is None]
    if not gone or not new:
        return
    those = "1 request that is out has" if len(gone) == 1 else f"{len(gone)} requests that are out have"
    yield (
        f"{those} no row in this sheet any more, the first one is {gone[0]}. If somebody edited a key, that row counts "
        f"as new: take the old request back first, with `esign request cancel {gone[0]}`."
    )
