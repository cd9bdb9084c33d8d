"""Opening a ledger: new, old, newer than us, by several at once, and what its complaints may say."""

from __future__ import annotations

import asyncio
import re
import stat
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, make_url, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import QueuePool

import ledger.migrations
from ledger import planning
from ledger.errors import LedgerError, LedgerTooNew, LedgerUnavailable
from ledger.schema import batches, metadata, requests
from ledger.store import Ledger
from tests.ledger.making import POSTGRES, draft, lines, planned, row

OPEN = "import asyncio, sys; from ledger.store import Ledger; print(asyncio.run(Ledger.open(sys.argv[1])).id)"


async def test_a_new_ledger_has_an_id_and_keeps_it(new_url: str) -> None:
    async with await Ledger.open(new_url) as first:
        assert re.fullmatch(r"led_[0-9A-HJKMNP-TV-Z]{26}", first.id)
    async with await Ledger.open(new_url) as again:
        assert again.id == first.id
        assert again.short_id == first.id[-6:]


async def test_several_processes_may_open_a_new_ledger_at_once(new_url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN, new_url], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    answers = {process.communicate(timeout=100)[0].strip() for process in processes}
    assert len(answers) == 1
    assert all(process.returncode == 0 for process in processes)


async def test_several_tasks_may_open_a_new_ledger_at_once(new_url: str) -> None:
    opened = await asyncio.gather(*(Ledger.open(new_url) for _ in range(5)))
    assert len({one.id for one in opened}) == 1
    for one in opened:
        await one.close()


async def test_the_steps_lead_to_the_tables_the_program_expects(url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    engine = create_async_engine(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_the_newest_step_is_the_one_the_program_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == ledger.migrations.HEAD


async def test_a_ledger_of_a_newer_program_is_left_alone(url: str) -> None:
    async with await Ledger.open(url) as opened, opened.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerTooNew, match="update this one"):
        await Ledger.open(url)


async def test_folder_and_file_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "ledger.db"
    async with await Ledger.open(f"sqlite+aiosqlite:///{path}") as opened:
        await planned(opened)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


async def test_sqlite_writes_ahead_and_waits_for_the_disk(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    async with await Ledger.open(url) as opened, opened.read() as connection:
        said = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert said == ["wal", 2, 1, 30000]


async def test_an_unreachable_ledger_says_so_without_its_password() -> None:
    for url in ("postgresql+asyncpg://somebody:hidden@127.0.0.1:9/ledger", "sqlite+aiosqlite:////proc/no/ledger.db"):
        with pytest.raises(LedgerUnavailable) as caught:
            await Ledger.open(url)
        assert "hidden" not in repr(caught.value)
        assert caught.value.__suppress_context__


async def test_a_ledger_whose_connections_are_all_in_use_says_that_it_is_unavailable(ledger: Ledger) -> None:
    pool = ledger._engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout = 0.1
    async with AsyncExitStack() as stack:
        with pytest.raises(LedgerUnavailable, match="TimeoutError"):
            for _ in range(100):
                await stack.enter_async_context(ledger.read())
    async with ledger.read():
        pass


@pytest.mark.postgres
async def test_a_database_that_is_not_there_is_said_to_be_unavailable() -> None:
    missing = make_url(POSTGRES or "").set(database="not_there").render_as_string(hide_password=False)
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        await Ledger.open(missing)


async def test_no_complaint_quotes_a_row(ledger: Ledger) -> None:
    await planned(ledger)
    (line,) = await lines(ledger, requests)
    for wrong in ({**line, "id": "req_other", "ref": "other"}, {**line, "id": "req_other", "state": None}):
        with pytest.raises(LedgerError) as caught:
            async with ledger.begin() as connection:
                await connection.execute(insert(requests), [wrong])
        assert re.fullmatch(r"The ledger refused a change \(\w+\)\.", str(caught.value))
    with pytest.raises(ValueError, match="same key") as told:
        await planning.freeze(ledger, draft(row(2, "person01@example.com"), row(3, "person01@example.com")))
    assert "person01" not in str(told.value)


async def test_a_transaction_that_fails_leaves_nothing_behind(ledger: Ledger) -> None:
    batch_id = await planned(ledger)
    with pytest.raises(RuntimeError):
        async with ledger.begin() as connection:
            await connection.execute(text("UPDATE batches SET state = 'paused'"))
            raise RuntimeError
    async with ledger.read() as connection:
        found = await connection.execute(select(batches.c.state).where(batches.c.id == batch_id))
        assert found.scalar_one() == "open"


async def test_writers_of_one_process_queue_up(ledger: Ledger) -> None:
    batch_id = await planned(ledger)

    async def add_one() -> None:
        async with ledger.begin() as connection:
            held = select(batches.c.sheet).where(batches.c.id == batch_id).with_for_update()
            sheet = (await connection.execute(held)).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(batches.update().values(sheet=sheet + "x"))

    await asyncio.gather(*(add_one() for _ in range(30)))
    (line,) = await lines(ledger, batches)
    assert line["sheet"].endswith("x" * 30)
