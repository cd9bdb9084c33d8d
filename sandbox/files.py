"""Keeps the PDFs and hands them out to whoever has a key that is still good."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.links import Links

_NAME = re.compile(r"[0-9a-f-]{36}(-preview)?")


class Files:
    """One folder of PDFs, named after their contracts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, content: bytes) -> None:
        """Keeps a PDF; it is there whole or not at all."""
        partial = self._folder / f"{name}.part"
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path(name))

    def find(self, name: str) -> Path | None:
        """Where a PDF lies."""
        return self._path(name) if _NAME.fullmatch(name) and self._path(name).is_file() else None

    def route(self, links: Links) -> Route:
        """`/files/{name}?secret_token=…&expires=…`."""

        async def endpoint(request: Request) -> Response:
            name, query = request.path_params["name"], request.query_params
            if not links.opens(name, query.get("expires", ""), query.get("secret_token", "")):
                return PlainTextResponse("This link has expired or is not complete.", 403)
            path = await asyncio.to_thread(self.find, name)
            if path is None:
                return PlainTextResponse("There is no such file.", 404)
            return FileResponse(path, media_type="application/pdf", filename=f"{name}.pdf")

        return Route("/files/{name}", endpoint, methods=["GET"])

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.pdf"
