"""Makes the PDFs of a batch in processes of their own, ahead of the rows' turns, and once where rows have one text.

A document takes a tenth of a second of a processor; made in the sending process, they would decide how fast it sends.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing.connection import wait

from connectors.signing.errors import PermanentError
from connectors.signing.model import Document, PlacedField, SignatureRequest
from connectors.signing.provider import Capability, Provider
from ledger import sending
from ledger.store import Ledger
from ledger.texts import Texts
from recipes.errors import DocumentError, RecipeError, RowProblem

KEPT = 200
"""Documents kept at hand; a few pages are some ten kilobytes each."""
AHEAD = 60
"""Rows whose documents are made before anybody has claimed them."""
LOOK_SECONDS = 0.2
FEW = 20
"""For no more rows than this, starting processes takes longer than making their documents here."""

Draw = Callable[[SignatureRequest], Awaitable[Document]]


def drawn(provider: type[Provider], request: SignatureRequest) -> Document:
    """The request's document as the PDF this provider is given. Raises a problem with a sentence where that fails."""
    from recipes.document.preparing import prepared  # the libraries for PDFs take half a second to import

    def tag(field: PlacedField) -> str:
        return provider.text_tag(field, request.signers)

    stamped = tag if Capability.TEXT_TAGS in provider.capabilities else None
    try:
        return prepared(request.document, request.title, request.signers, stamped)
    except DocumentError as error:
        problem = RecipeError(f"The document {error}.")
    except (RecipeError, RowProblem, PermanentError):
        raise
    except Exception as error:  # PDFs are made by everybody, in every way
        kind = type(error).__name__
        problem = RecipeError(f"No document for {provider.title} could be made of it ({kind}): check the PDF.")
    raise problem


def drawn_here(provider: type[Provider]) -> Draw:
    """Make each document when it is asked for, on a thread of this process."""

    async def draw(request: SignatureRequest) -> Document:
        return await asyncio.to_thread(drawn, provider, request)

    return draw


class Drawing:
    """Documents being made in processes of their own, and those made last."""

    def __init__(self, provider: type[Provider], pool: ProcessPoolExecutor) -> None:
        self._provider = provider
        self._pool = pool
        self.kept: OrderedDict[str, asyncio.Future[Document]] = OrderedDict()

    def begin(self, request: SignatureRequest) -> asyncio.Future[Document]:
        """Have it made, unless it is being made or kept already."""
        name = _name(request)
        if name not in self.kept:
            made = asyncio.get_running_loop().run_in_executor(self._pool, drawn, self._provider, request)
            # What went wrong is told to whoever asks for the document; if nobody does, no log may have it.
            made.add_done_callback(lambda one: one.cancelled() or one.exception())
            self.kept[name] = made
        self.kept.move_to_end(name)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return self.kept[name]

    async def draw(self, request: SignatureRequest) -> Document:
        """The document, as soon as it is made; whoever stops waiting for it takes it from nobody else."""
        return await asyncio.shield(self.begin(request))

    async def ahead(self, ledger: Ledger, batch_id: str, only_rows: Collection[int] | None) -> None:
        """Have the documents of the rows that come next made, without end: to be cancelled."""
        texts = Texts()
        begun: set[str] = set()
        while True:
            coming = await sending.coming(ledger, batch_id, AHEAD, only_rows, texts)
            for request in coming:
                if request.ref not in begun:  # to name a document takes reading all of it
                    self.begin(request)
            begun = {request.ref for request in coming if request.ref}
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def drawing(
    provider: type[Provider], ledger: Ledger, batch_id: str, rows: int, only_rows: Collection[int] | None
) -> AsyncIterator[Draw]:
    """How a batch's documents are made: ahead, by a process a processor, unless it is a handful of `rows`."""
    if rows <= FEW or Capability.UPLOADS not in provider.capabilities:
        yield drawn_here(provider)
        return
    with ProcessPoolExecutor(
        os.cpu_count() or 1, mp_context=multiprocessing.get_context("spawn"), initializer=_serve_this_process_alone
    ) as pool:
        made = Drawing(provider, pool)
        looking = asyncio.create_task(made.ahead(ledger, batch_id, only_rows))
        try:
            yield made.draw
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)


def _serve_this_process_alone() -> None:
    """Ctrl-C is the sending process's to hear; and when that is killed, nobody is left to make documents for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: wait([parent.sentinel]) and os._exit(0), daemon=True).start()


def _name(request: SignatureRequest) -> str:
    """What a document depends on: its text, its title, and who signs it."""
    return hashlib.sha256(request.model_dump_json(include={"document", "title", "signers"}).encode()).hexdigest()
