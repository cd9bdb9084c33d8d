"""Ledgers for the runs: a copy of a migrated file, or of a database in the Postgres `ESIGN_TEST_POSTGRES_URL` names."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from ledger.store import Ledger

POSTGRES = os.environ.get("ESIGN_TEST_POSTGRES_URL")


async def sqlite_template(folder: Path) -> Path:
    """One migrated ledger, to be copied for every run."""
    path = folder / "template.db"
    await (await Ledger.open(f"sqlite+aiosqlite:///{path}")).close()
    return path


def sqlite_ledger(template: Path, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ledger.db"
    shutil.copyfile(template, path)
    return f"sqlite+aiosqlite:///{path}"


async def postgres_ledger() -> str:
    """A new, empty database; the ledger in it is made by whoever opens it first."""
    name = f"chaos_{uuid.uuid4().hex[:12]}"
    await _administer(f"CREATE DATABASE {name}")
    return make_url(POSTGRES or "").set(database=name).render_as_string(hide_password=False)


async def drop(url: str) -> None:
    await _administer(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


async def restart_postgres() -> None:
    """Let the server die as by a power cut, and come back."""
    engine = create_async_engine(POSTGRES or "")
    async with engine.connect() as connection:
        data = (await connection.execute(text("SHOW data_directory"))).scalar_one()
    await engine.dispose()
    control = shutil.which("pg_ctl") or str(max(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")))
    command = [control, "-D", data, "-m", "immediate", "-w", "-l", f"{data}/server.log", "restart"]
    if os.geteuid() == 0:  # Postgres refuses to run as root
        command = ["runuser", "-u", "postgres", "--", *command]
    # Another run may be restarting it just now: then this fails, and the server comes back all the same.
    await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, cwd="/")
    await until_postgres_answers()


async def until_postgres_answers(seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while True:
        engine = create_async_engine(POSTGRES or "")
        try:
            async with engine.connect():
                return
        except Exception:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.1)
        finally:
            await engine.dispose()


async def _administer(statement: str) -> None:
    engine = create_async_engine(POSTGRES or "", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
