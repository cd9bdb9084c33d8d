"""A provider that accepts everything after a while, in a process of its own: its work is not counted as ours."""

from __future__ import annotations

import asyncio
import itertools
from multiprocessing.connection import Connection

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def serve(where: Connection, seconds: float) -> None:
    """Answer on a free port of the loopback until terminated; its address goes through `where`."""
    numbers = itertools.count(1)

    async def create(request: Request) -> JSONResponse:
        asked = await request.json()
        await asyncio.sleep(seconds)
        number = next(numbers)
        signers = [{"id": f"sig-{number}-{at}", **signer} for at, signer in enumerate(asked["signers"])]
        contract = {"id": f"con-{number}", "status": "sent", "metadata": asked.get("metadata"), "signers": signers}
        return JSONResponse({"status": "queued", "data": {"contract": contract}})

    async def recent(request: Request) -> JSONResponse:
        return JSONResponse({"data": []})

    app = Starlette(
        routes=[
            Route("/api/contracts", create, methods=["POST"]),
            Route("/api/contracts/recent", recent),
        ]
    )
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False)
    listener = config.bind_socket()
    where.send(f"http://127.0.0.1:{listener.getsockname()[1]}/api")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
