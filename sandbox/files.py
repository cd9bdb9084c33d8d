"""Keeps the PDFs and what customers uploaded, and hands them out to whoever has a key that is still good."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox import ids
from sandbox.links import Links
from sandbox.paper import DOCX, PDF, MediaType

_ENDINGS: dict[MediaType, str] = {PDF: ".pdf", DOCX: ".docx"}


class Files:
    """One folder of files, named after their contracts or, for uploads, after their content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, content: bytes, media_type: MediaType = PDF) -> None:
        """Keeps a file; it is there whole or not at all."""
        partial = self._folder / f"{uuid4()}.part"
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path(name, media_type))

    def find(self, name: str) -> tuple[Path, MediaType] | None:
        """Where a file lies, and what it is."""
        if ids.good(name):
            for media_type in _ENDINGS:
                if (path := self._path(name, media_type)).is_file():
                    return path, media_type
        return None

    def read(self, name: str) -> bytes | None:
        """A file's content."""
        found = self.find(name)
        return None if found is None else found[0].read_bytes()

    def remove(self, name: str) -> None:
        """Forgets a file."""
        if found := self.find(name):
            found[0].unlink(missing_ok=True)

    def route(self, links: Links) -> Route:
        """`/files/{name}?secret_token=…&expires=…`."""

        async def endpoint(request: Request) -> Response:
            name, query = request.path_params["name"], request.query_params
            if not links.opens(name, query.get("expires", ""), query.get("secret_token", "")):
                return PlainTextResponse("This link has expired or is not complete.", 403)
            found = await asyncio.to_thread(self.find, name)
            if found is None:
                return PlainTextResponse("There is no such file.", 404)
            path, media_type = found
            return FileResponse(path, media_type=media_type, filename=path.name)

        return Route("/files/{name}", endpoint, methods=["GET"])

    def _path(self, name: str, media_type: MediaType) -> Path:
        return self._folder / f"{name}{_ENDINGS[media_type]}"
