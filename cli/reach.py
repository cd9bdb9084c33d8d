"""Whether something answers at an address."""

from __future__ import annotations

import httpx

SECONDS = 5.0


async def answers(url: str) -> bool:
    """Whether a GET of `url` succeeds within a few seconds."""
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False
