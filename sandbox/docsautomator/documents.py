"""Documents and jobs: createDocument, job, queue statistics."""

from __future__ import annotations

from typing import Any

from sandbox import ids
from sandbox.docsautomator import answers
from sandbox.docsautomator.calls import ActionTable, Answer, Call, Refusal
from sandbox.docsautomator.generating import checked, generate
from sandbox.docsautomator.jobs import QueueFull
from sandbox.docsautomator.requests import NewDocument, Nothing

_SHOWN = ("jobId", "status", "progress", "createdAt", "processedOn", "finishedOn", "error", "attempts")


async def create(call: Call) -> dict[str, Any] | Answer:
    """POST /createDocument. What can be found wrong with a request is refused at once in both modes."""
    wanted = await call.read(NewDocument)
    automation = await checked(call.automations, wanted)
    if not wanted.asynchronous:
        contract = await generate(call.engine, automation, wanted, ids.hexadecimal(24))
        return answers.document(contract, call.engine.links)
    try:
        job = await call.jobs.start(wanted)
    except QueueFull:
        raise Refusal(429, "There are too many queued jobs in this workspace.") from None
    queued = {"message": "Document creation request queued.", "jobId": job["jobId"], "logId": job["logId"]}
    return Answer(queued, 202)


async def job_status(call: Call) -> dict[str, Any]:
    """GET /job/{jobId}; `result` only when completed, `error` only when failed."""
    call.query(Nothing)
    job = await call.jobs.find(call.part("id"))
    if job is None:
        raise Refusal(404, "Not found")
    shown = {name: job[name] for name in _SHOWN if name in job}
    if job["status"] == "completed":
        contract = await call.engine.contract(job["document"])
        shown["result"] = answers.document(contract, call.engine.links)
    return shown


async def queue(call: Call) -> dict[str, Any]:
    """GET /queue/stats."""
    call.query(Nothing)
    return {**await call.jobs.counts()}


ACTIONS: ActionTable = [
    ("POST", "/createDocument", create),
    ("GET", "/job/{id}", job_status),
    ("GET", "/queue/stats", queue),
]
