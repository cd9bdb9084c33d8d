"""Documents are made ahead and elsewhere, and what goes wrong there is said here."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from connectors.signing.lumin import Lumin
from connectors.signing.model import Document, PlacedField, Signer
from flows.send.drawing import FEW, Drawing, drawing, drawn
from ledger.store import Ledger
from recipes.errors import RecipeError
from tests.flows.drafts import frozen, request
from tests.flows.fake_provider import FakeProvider

PROJECT = Path(__file__).resolve().parents[2]


async def test_documents_made_elsewhere_are_the_ones_made_here_and_equal_ones_are_made_once(
    ledger: Ledger, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), FEW + 1)
    async with drawing(Lumin, ledger, batch_id, FEW + 1, None) as draw:
        one, other = await asyncio.gather(draw(request(1)), draw(request(2)))
        begun = time.process_time()
        again = [await draw(request(1)) for _ in range(20)]
        spent = time.process_time() - begun
    assert one == drawn(Lumin, request(1)) and other == drawn(Lumin, request(2))
    assert one.pdf is not None and one.pdf.startswith(b"%PDF-")
    assert all(each is one for each in again) and spent < 0.5


@pytest.mark.slow
async def test_the_next_rows_documents_are_made_before_anybody_asks(ledger: Ledger, provider: FakeProvider) -> None:
    batch_id = await frozen(ledger, provider.settings(), FEW + 1)
    async with drawing(Lumin, ledger, batch_id, FEW + 1, None) as draw:
        made = draw.__self__  # type: ignore[attr-defined] # the one that keeps them
        assert isinstance(made, Drawing)
        give_up = time.monotonic() + 120
        while len(made.kept) < FEW + 1 and time.monotonic() < give_up:
            await asyncio.sleep(0.05)
        assert len(made.kept) == FEW + 1


@pytest.mark.slow
async def test_a_document_that_cannot_be_made_is_a_sentence_and_holds_up_no_other(
    ledger: Ledger, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), FEW + 1)
    broken = request(1).model_copy(update={"document": Document(pdf=b"%PDF-1.7 and no more")})
    async with drawing(Lumin, ledger, batch_id, FEW + 1, None) as draw:
        with pytest.raises(RecipeError) as said:
            await draw(broken)
        assert (await draw(request(3))).pdf is not None
    assert str(said.value) == "The document is not a PDF that can be read: save it anew as an ordinary PDF."


class Deadly(Lumin):
    """Making a document for the seventh signer ends the process, as a crash in a library for PDFs or a lack of memory
    would."""

    @classmethod
    def text_tag(cls, field: PlacedField, signers: Sequence[Signer]) -> str:
        if any(one.name == "Signer 7" for one in signers):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().text_tag(field, signers)


@pytest.mark.slow
async def test_a_document_over_which_processes_die_is_refused_and_those_beside_it_are_made(
    ledger: Ledger, provider: FakeProvider
) -> None:
    batch_id = await frozen(ledger, provider.settings(), FEW + 1)
    async with drawing(Deadly, ledger, batch_id, FEW + 1, None) as draw:
        made = await asyncio.gather(*(draw(request(at)) for at in range(1, FEW + 2)), return_exceptions=True)
        later = await draw(request(50))
    assert isinstance(made[6], RecipeError) and "ended the process" in str(made[6])
    assert [one for one in [*made[:6], *made[7:], later] if not isinstance(one, Document)] == []


@pytest.mark.slow
async def test_a_process_that_is_killed_over_nothing_costs_no_row(ledger: Ledger, provider: FakeProvider) -> None:
    batch_id = await frozen(ledger, provider.settings(), FEW + 1)
    before = set(psutil.Process().children())
    async with drawing(Lumin, ledger, batch_id, FEW + 1, None) as draw:
        await draw(request(900))
        for round in range(5):  # more often than processes are started anew
            drawing_now = [asyncio.create_task(draw(request(100 * round + at))) for at in range(1, 9)]
            await asyncio.sleep(0.1)
            for child in set(psutil.Process().children()) - before:
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()
                    break
            assert [one.pdf is not None for one in await asyncio.gather(*drawing_now)] == [True] * 8
    assert set(psutil.Process().children()) <= before


async def test_what_is_kept_is_bounded_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.send.drawing.KEPT_BYTES", 3 * len(drawn(Lumin, request(1)).pdf or b""))
    made = Drawing(Lumin, 1)
    try:
        for at in range(1, 7):
            await made.draw(request(at))
        assert 2 <= len(made.kept) <= 3
        assert await made.draw(request(6)) is await made.draw(request(6))
    finally:
        await made.close()


KILLED = """
import asyncio, sys
from concurrent.futures import ProcessPoolExecutor
import multiprocessing
from flows.send.drawing import _serve_this_process_alone

if __name__ == "__main__":
    pool = ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn"), initializer=_serve_this_process_alone)
    pool.submit(abs, 1).result()
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_nobody_goes_on_making_documents_for_a_process_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "sending.py"
    script.write_text(KILLED)
    sending = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert sending.stdout is not None and sending.stdout.readline() == b"ready\n"
    children = psutil.Process(sending.pid).children(recursive=True)
    assert children
    sending.send_signal(signal.SIGKILL)
    sending.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
