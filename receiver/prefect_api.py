"""Speaks to the Prefect server over its REST API, since importing Prefect costs a second and 80 MB."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

import httpx

SECONDS = 5.0


def prefect_api(url: str, env: Mapping[str, str]) -> httpx.AsyncClient:
    """A client for the server at `url` (with its `/api`), signed in as Prefect's own client would be.

    `PREFECT_API_AUTH_STRING` becomes HTTP Basic and wins over `PREFECT_API_KEY`, which becomes a bearer token
    (prefect 3.8.8, client/orchestration).
    """
    headers = {}
    if auth_string := env.get("PREFECT_API_AUTH_STRING", ""):
        headers["Authorization"] = f"Basic {b64encode(auth_string.encode()).decode()}"
    elif key := env.get("PREFECT_API_KEY", ""):
        headers["Authorization"] = f"Bearer {key}"
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=SECONDS)
