"""How the sandbox writes Leap's signing process data, whose keys and words are not published.

Known is that it follows Leap's projects (flows, phases, steps and tasks), holds the `projectId`, and says of each
signer whether they have signed and where their sign task is. All names here but `projectId` are invented (not
documented).
"""

from __future__ import annotations

from typing import Any

from sandbox.contract import Contract, Signer
from sandbox.links import Links
from sandbox.paper import PartyState

TASK_STATUSES: dict[PartyState, str] = {
    "waiting": "PENDING",
    "invited": "ONGOING",
    "viewed": "ONGOING",
    "signed": "DONE",
    "declined": "CHANGES_REQUESTED",
}
"""Opening the page leaves no trace; declining is "Request changes" (Signer Task)."""


def process(contract: Contract, links: Links, *, canceled: bool) -> dict[str, Any]:
    """The same for launch and retrieval ("the full signing process data"). There is no address of the signed document:
    no page tells of one. The status page is missing too, as the sandbox has none."""
    return {
        "projectId": contract.id,
        "name": contract.title,
        "status": _status(contract, canceled=canceled),
        "projectOwner": contract.extra["owner"],
        "flows": [{"name": contract.title, "phases": [{"type": "SIGN", "steps": _steps(contract, links)}]}],
    }


def _status(contract: Contract, *, canceled: bool) -> str:
    """After a change request it goes on: the owner decides "how to proceed further" (Signer Task)."""
    if canceled:
        return "CANCELED"
    return "COMPLETED" if contract.state == "signed" else "ONGOING"


def _steps(contract: Contract, links: Links) -> list[dict[str, Any]]:
    """Signers who take turns have a step each, the others share one."""
    tasks = [_task(one, links) for one in contract.signers]
    return [{"tasks": [task]} for task in tasks] if contract.extra["ordered"] else [{"tasks": tasks}]


def _task(signer: Signer, links: Links) -> dict[str, Any]:
    return {
        "type": "SIGN",
        "assignee": {
            "name": signer.name,
            "organization": signer.company_name,
            "email": signer.email,
            "title": signer.extra["title"],
        },
        "status": TASK_STATUSES[signer.state],
        "url": links.sign_page(signer.id),
    }
