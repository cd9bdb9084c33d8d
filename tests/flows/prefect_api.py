"""Prefect's API for the tests that ask it, with the patience its own clients have.

Its SQLite answers 503 when too much is written at once; whoever uses Prefect's client never sees that.
"""

from __future__ import annotations

import httpx
from prefect.client.base import PrefectHttpxAsyncClient


def prefect_api(url: str) -> httpx.AsyncClient:
    """A client of the API at this address; errors are looked at by the test."""
    return PrefectHttpxAsyncClient(base_url=url, timeout=30, trust_env=False, raise_on_all_errors=False)
