"""How the application is served: what is limited, what is not said, and how soon it stops."""

from __future__ import annotations

from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp

from receiver.impatience import Impatient


def make_server(app: ASGIApp, http: type[Impatient] = Impatient, trusted_proxies: Sequence[str] = ()) -> uvicorn.Server:
    """A uvicorn server that stops within three seconds of being told to.

    A call's address is what one of `trusted_proxies` (addresses or networks) says of it, else the connection's.
    """
    config = uvicorn.Config(
        app,
        http=http,
        ws="none",
        lifespan="on",
        # Paths hold the tokens, so they are not logged; what uvicorn warns about is what strangers send.
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        limit_concurrency=500,
        backlog=1024,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
