"""Tells Prefect what became of a request, so that people's own automations can build on it; ids only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
from prefect.client.orchestration import get_client

from flows.edges import kinds
from flows.effects import put_off
from ledger import outbox
from ledger.outbox import Effect
from ledger.store import Ledger

AT_ONCE = 100

Post = Callable[[Sequence[dict[str, Any]]], Awaitable[None]]
"""Hands events to Prefect; returns only once it has taken them."""


async def post_to_prefect(events: Sequence[dict[str, Any]]) -> None:
    """Post events and read the answer: `emit_event` would drop them silently while the server is down."""
    async with get_client() as client:
        answer = await client.request("POST", "/events", json=list(events))
        answer.raise_for_status()


async def announce_due(ledger: Ledger, post: Post = post_to_prefect) -> int:
    """Hand over the events that are due; how many. They may go out twice, with the same id each time."""
    effects = await outbox.due(ledger, "event", AT_ONCE)
    return await _hand_over(ledger, effects, post) if effects else 0


async def _hand_over(ledger: Ledger, effects: Sequence[Effect], post: Post) -> int:
    """Hand these over together, and one by one where Prefect refuses them: one bad event holds back no other."""
    try:
        await post([prefect_event(effect) for effect in effects])
    except Exception as error:
        if len(effects) > 1 and _refused(error):
            return sum([await _hand_over(ledger, [effect], post) for effect in effects])
        for effect in effects:
            await put_off(ledger, effect, ", ".join(kinds(error)))
        return 0
    await outbox.done(ledger, [(effect.id, effect.version) for effect in effects])
    return len(effects)


def _refused(error: Exception) -> bool:
    """Whether Prefect said no to what it was given, and not just to the moment."""
    if not isinstance(error, httpx.HTTPStatusError):
        return False
    return error.response.is_client_error and error.response.status_code not in (408, 429)


def prefect_event(effect: Effect) -> dict[str, Any]:
    """The event as `POST /events` takes it: ids, and nothing of what stands in the request."""
    return {
        "id": effect.payload["id"],
        "event": effect.payload["name"],
        "occurred": effect.payload["occurred"],
        "resource": {
            "prefect.resource.id": f"esign.request.{effect.request_id}",
            "prefect.resource.name": effect.request_id,
            "esign.request.id": effect.request_id,
        },
        "payload": {"request": effect.request_id, "batch": effect.payload["batch_id"]},
    }
