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
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from multiprocessing.connection import wait
from typing import TypeVar

from connectors.signing.errors import PermanentError
from connectors.signing.model import Document, PlacedField, SignatureRequest
from connectors.signing.provider import Capability, Provider
from ledger import sending
from ledger.store import Ledger
from ledger.texts import Texts, size
from recipes.errors import DocumentError, RecipeError, RowProblem

KEPT, KEPT_BYTES = 200, 32 * 1024 * 1024
"""Documents kept at hand, at most; a few pages are some ten kilobytes each, a scanned contract megabytes."""
AHEAD = 60
"""Rows whose documents are made before anybody has claimed them; fewer where they would fill half of what is kept."""
LOOK_SECONDS = 0.2
FEW = 20
"""For no more rows than this, starting processes takes longer than making their documents here."""
POOLS = 3
"""How often processes are started for a batch; when they have died so often, documents are made one at a time."""
DEATHS = 2
"""A document at which a process dies so often, with no other one about, is not tried again."""

T = TypeVar("T")

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
    """Documents being made in processes of their own, and those made last.

    A process may die over a document, or because the machine has no memory left. Whatever was being made then is made
    once more in a process by itself, so that the one document that kills is told from those that were merely near.
    """

    def __init__(self, provider: type[Provider], processes: int) -> None:
        self._provider = provider
        self._processes = processes
        self._pools: list[ProcessPoolExecutor] = []
        self._whole = False
        """Whether the last of the pools is in use; a pool breaks as a whole when one of its processes dies."""
        self._single: ProcessPoolExecutor | None = None
        self._none_to_be_had = False
        self._alone = asyncio.Lock()
        self.kept: OrderedDict[str, asyncio.Task[Document]] = OrderedDict()
        self._making: set[asyncio.Task[Document]] = set()
        self._sizes: dict[str, int] = {}
        self._largest = 1

    def begin(self, request: SignatureRequest) -> asyncio.Task[Document]:
        """Have it made, unless it is being made or kept already."""
        name = _name(request)
        making = self.kept.get(name)
        if making is None:
            making = self.kept[name] = asyncio.create_task(self._make(request))
            self._making.add(making)
            making.add_done_callback(lambda made: self._made(name, made))
        self.kept.move_to_end(name)
        self._forget()
        return making

    async def draw(self, request: SignatureRequest) -> Document:
        """The document, as soon as it is made; whoever stops waiting for it takes it from nobody else."""
        return await asyncio.shield(self.begin(request))

    async def ahead(self, ledger: Ledger, batch_id: str, only_rows: Collection[int] | None) -> None:
        """Have the documents of the rows that come next made, without end: to be cancelled."""
        texts = Texts()
        begun: set[str] = set()
        while True:
            most = max(1, min(AHEAD, KEPT_BYTES // 2 // self._largest))
            coming = await sending.coming(ledger, batch_id, most, only_rows, texts)
            for request in coming:
                if request.ref not in begun:  # to name a document takes reading all of it
                    self.begin(request)
            begun = {request.ref for request in coming if request.ref}
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """End the processes; what was still being made is given up."""
        for making in self._making:
            making.cancel()
        await asyncio.gather(*self._making, return_exceptions=True)
        for pool in (*self._pools, self._single):
            if pool is not None:
                await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def _make(self, request: SignatureRequest) -> Document:
        if (pool := self._pool()) is not None:
            try:
                return await _in(pool, drawn, self._provider, request)
            except BrokenProcessPool:
                self._whole = self._whole and pool is not self._pools[-1]
        async with self._alone:
            return await self._make_alone(request)

    def _pool(self) -> ProcessPoolExecutor | None:
        """The processes; anew if one of them has died, and fewer, since memory may be what was missing."""
        if not self._whole:
            if len(self._pools) == POOLS:
                return None
            self._pools.append(_processes(max(1, self._processes // 2 ** len(self._pools))))
            self._whole = True
        return self._pools[-1]

    async def _make_alone(self, request: SignatureRequest) -> Document:
        """Make it in a process with no other document about; here, if a process cannot even be started."""
        for _ in range(DEATHS):
            if (single := await self._single_process()) is None:
                return await asyncio.to_thread(drawn, self._provider, request)
            try:
                return await _in(single, drawn, self._provider, request)
            except BrokenProcessPool:
                self._single = None
        raise RecipeError(
            "Making the document of this row ended the process that made it, twice: check its PDF, or whether the "
            "machine has memory left."
        )

    async def _single_process(self) -> ProcessPoolExecutor | None:
        """The process for what is made alone; None where not even one that does nothing stays alive."""
        if self._single is None and not self._none_to_be_had:
            pool = _processes(1)
            try:
                await _in(pool, _ready)
                self._single = pool
            except (BrokenProcessPool, OSError):
                self._none_to_be_had = True
        return self._single

    def _made(self, name: str, made: asyncio.Task[Document]) -> None:
        # What went wrong is told to whoever asks for the document; if nobody does, no log may have it.
        self._making.discard(made)
        if made.cancelled() or made.exception() is not None or self.kept.get(name) is not made:
            return
        self._sizes[name] = size(made.result())
        self._largest = max(self._largest, self._sizes[name])
        self._forget()

    def _forget(self) -> None:
        """Let go of the documents that nobody has asked for longest, where they have become too many."""
        while len(self.kept) > KEPT or (len(self.kept) > 1 and sum(self._sizes.values()) > KEPT_BYTES):
            oldest, _ = self.kept.popitem(last=False)
            self._sizes.pop(oldest, None)


def _ready() -> None:
    """Do what a document needs first, so that a process that cannot do even that is known."""
    import recipes.document.preparing  # noqa: F401 - so that it is there before the first document


async def _in(pool: ProcessPoolExecutor, work: Callable[..., T], *given: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, work, *given)


def _processes(number: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        number, mp_context=multiprocessing.get_context("spawn"), initializer=_serve_this_process_alone
    )


@asynccontextmanager
async def drawing(
    provider: type[Provider], ledger: Ledger, batch_id: str, rows: int, only_rows: Collection[int] | None
) -> AsyncIterator[Draw]:
    """How a batch's documents are made: ahead, by a process a processor, unless it is a handful of `rows`."""
    if rows <= FEW or Capability.UPLOADS not in provider.capabilities:
        yield drawn_here(provider)
        return
    made = Drawing(provider, os.cpu_count() or 1)
    looking = asyncio.create_task(made.ahead(ledger, batch_id, only_rows))
    try:
        yield made.draw
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await made.close()


def _serve_this_process_alone() -> None:
    """Ctrl-C is the sending process's to hear; and when that is killed, nobody is left to make documents for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: wait([parent.sentinel]) and os._exit(0), daemon=True).start()


def _name(request: SignatureRequest) -> str:
    """What a document depends on: its text, its title, and who signs it."""
    return hashlib.sha256(request.model_dump_json(include={"document", "title", "signers"}).encode()).hexdigest()
