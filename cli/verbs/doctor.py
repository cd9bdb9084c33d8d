"""`esign doctor`: what is wrong with this set-up, and what to do."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cli.failures import AnswerIsNo


async def doctor(*, as_json: Annotated[bool, Parameter("--json", negative="")] = False) -> None:
    """Look at configuration, ledger, Prefect server, worker, receiver, sandbox and archive.

    Parameters
    ----------
    as_json
        Print JSON for another program to read.
    """
    import asyncio
    import json

    from cli.checks import CHECKS, Finding, finding
    from cli.tables import show
    from ledger.settings import load_settings

    settings = load_settings()
    findings: list[Finding] = list(await asyncio.gather(*(finding(check, settings) for check in CHECKS)))
    if as_json:
        print(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        show(("what", "", "found"), [(f.what, "ok" if f.ok else "PROBLEM", f.sentence) for f in findings])
    if bad := sum(not finding.ok for finding in findings):
        raise AnswerIsNo(f"{bad} of {len(findings)} things need a look; each line says what to do.")
