"""Fills a ledger with a million requests of all ages by SQL alone, so that questions can be asked of a large one.

    python -m benchmarks.large_ledger FILE-OR-URL [--rows 1000000] [--batches 10]

The rows are shared out evenly among the batches. Of the older ones almost everything is completed and archived; of the
newest a third is still planned, and its rows wait to be written to their sheet. Nothing is sent, and nobody is real.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.store import Ledger

NUMBERS = """
WITH RECURSIVE numbers(n) AS (SELECT CAST(:first AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
"""
BEGAN = 1_770_000_000_000
DAY = 86_400_000

BATCH = """
INSERT INTO batches (id, recipe, campaign, provider, account, mode, sheet, base_url, fingerprint, hash, state,
                     created_at, frozen_at)
VALUES (:batch, 'nda', :campaign, 'esignatures', 'sandbox', 'test', :sheet, 'http://127.0.0.1/api', '0f0f0f0f0f0f',
        :batch, 'open', :at, :at)
"""
REQUESTS = f"""
INSERT INTO requests (id, batch_id, row, mode, campaign, key, round, provider, account, ref, content, document_sha256,
                      archive_name, state, attempts, provider_id, problem, created_at, sent_at, expires_at, closed_at,
                      last_event, last_event_at, archived_at, archived_as, archived_sha256, archived_size)
{NUMBERS}, standing AS (
    SELECT n, CAST(1000000000 + n AS TEXT) AS serial,
           CASE WHEN n % 3000 = 0 THEN 'failed' WHEN n % 9001 = 0 THEN 'uncertain' WHEN n % 500 = 1 THEN 'declined'
                WHEN n % 700 = 2 THEN 'expired' WHEN :fresh = 1 AND n % 3 = 0 THEN 'planned'
                WHEN n % :openness = 3 THEN 'in_progress' WHEN n % :openness = 4 THEN 'sent'
                ELSE 'completed' END AS state
    FROM numbers
)
SELECT 'req_0000000000000000' || serial, :batch, n - :first + 2, 'test', :campaign,
       'person' || serial || '@example.com', 1, 'esignatures', 'sandbox', 'E' || serial,
       '{{"title":"Agreement ' || serial || '","signers":[{{"role":"signer","name":"Signer ' || serial ||
       '","email":"person' || serial || '@example.com"}}],"metadata":{{"department":"{"d" * 400}"}}}}',
       'text', 'agreement-' || serial || '.pdf', state, CASE state WHEN 'planned' THEN 0 ELSE 1 END,
       CASE WHEN state IN ('planned', 'failed', 'uncertain') THEN NULL ELSE 'con-' || serial END,
       CASE state WHEN 'failed' THEN 'The provider refuses the address.' WHEN 'uncertain' THEN 'No answer came.' END,
       :at + n, CASE WHEN state IN ('planned', 'failed', 'uncertain') THEN NULL ELSE :at + n END, :at + n + {30 * DAY},
       CASE WHEN state IN ('completed', 'declined', 'expired', 'failed') THEN :at END, 'signer_signed', :at,
       CASE state WHEN 'completed' THEN :at END, CASE state WHEN 'completed' THEN 'nda/' || serial || '.pdf' END,
       CASE state WHEN 'completed' THEN '{"0" * 64}' END, CASE state WHEN 'completed' THEN 40000 END
FROM standing
"""
OF_THESE = "FROM requests WHERE batch_id = :batch"
OTHERS = (
    f"""
INSERT INTO signers (id, request_id, position, turn, role, name, email, state, provider_signer_id, reminded,
                     next_reminder_at)
SELECT id || '.1', id, 1, 1, 'signer', 'Signer ' || ref, key,
       CASE state WHEN 'completed' THEN 'signed' WHEN 'planned' THEN 'waiting' ELSE 'invited' END, 'sig-' || ref, 0,
       CASE WHEN state IN ('sent', 'in_progress') THEN created_at + {3 * DAY} END {OF_THESE}
""",
    f"""
INSERT INTO attempts (request_id, number, owner, started_at, outcome, outcome_at, provider_id)
SELECT id, 1, 'host:1:xyz', created_at,
       CASE state WHEN 'failed' THEN 'refused' WHEN 'uncertain' THEN 'uncertain' ELSE 'sent' END, created_at,
       provider_id
{OF_THESE} AND state <> 'planned'
""",
    f"""
INSERT INTO history (request_id, what, name, at)
SELECT id, 'sent', 'sent', created_at {OF_THESE} AND attempts = 1
""",
    f"""
INSERT INTO history (request_id, what, name, signer_id, at)
SELECT id, 'signed', 'signer_signed', id || '.1', created_at {OF_THESE} AND state = 'completed'
""",
    f"""
INSERT INTO effects (request_id, kind, name, payload, version, state, due_at, tries)
SELECT id, 'sheet', '', '{{}}', 1, CASE WHEN :fresh = 1 THEN 'due' ELSE 'done' END, created_at, 0 {OF_THESE}
""",
    f"""
INSERT INTO effects (request_id, kind, name, payload, version, state, due_at, tries)
SELECT id, 'archive', '', '{{}}', 1, 'done', created_at, 0 {OF_THESE} AND state = 'completed'
""",
    f"""
INSERT INTO other_rows (batch_id, row, key, problem)
SELECT batch_id, row + 10000000, 'refused ' || row, 'The cell email is empty.' {OF_THESE} AND row % 1000 = 0
""",
)
AROUND = (
    f"""
INSERT INTO inbox (provider, account, identity, body, headers, genuine, received_at, state, tries, reason)
{NUMBERS}
SELECT 'esignatures', CASE WHEN n % 2 = 0 THEN 'sandbox' ELSE 'other' END, 'delivery ' || n,
       CAST('no JSON' AS {{bytes}}), '{{{{}}}}', {{true}}, {BEGAN},
       CASE WHEN n % 1000 = 0 THEN 'dead' ELSE 'done' END, 0, CASE WHEN n % 1000 = 0 THEN 'It is no JSON.' END
FROM numbers
""",
    "INSERT INTO incidents (request_id, kind, provider_id, noticed_at) "
    "SELECT id, 'sent twice', 'twin-' || id, created_at FROM requests WHERE state = 'completed' ORDER BY id LIMIT 300",
)


async def fill(url: str, rows: int, batches: int) -> str:
    """Write so many requests in so many batches into a ledger; the newest batch's id."""
    each = rows // batches
    batch = ""
    async with await Ledger.open(url) as ledger:
        async with ledger.begin() as connection:
            await connection.execute(text("INSERT INTO documents VALUES ('text', '{\"markdown\":\"# Agreement\"}')"))
        for number in range(1, batches + 1):
            batch = f"bat_0000000000000000{1_000_000_000 + number}"
            async with ledger.begin() as connection:
                await _batch(connection, batch, number, each, fresh=number == batches)
        async with ledger.begin() as connection:
            words = {"bytes": "BLOB", "true": "1"} if connection.dialect.name == "sqlite" else _POSTGRES
            for statement in AROUND:
                await _execute(connection, statement.format(**words), {"first": 1, "last": rows // 10})
            if connection.dialect.name == "postgresql":  # which does so by itself before long; SQLite never does
                await connection.execute(text("ANALYZE"))
    return batch


_POSTGRES = {"bytes": "BYTEA", "true": "TRUE"}


async def _batch(connection: AsyncConnection, batch: str, number: int, each: int, *, fresh: bool) -> None:
    values = {
        "batch": batch,
        "campaign": f"campaign {number}",
        "sheet": f"/somewhere/sheet{number}.csv",
        "at": BEGAN + number * DAY,
        "fresh": int(fresh),
        "openness": 10 if fresh else 1000,
        "first": (number - 1) * each + 1,
        "last": number * each,
    }
    for statement in (BATCH, REQUESTS, *OTHERS):
        await _execute(connection, statement, values)


async def _execute(connection: AsyncConnection, statement: str, values: dict[str, object]) -> None:
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    if connection.dialect.name == "postgresql":  # it cannot tell of which type a bare parameter is; these are ours
        for name in sorted(used, key=len, reverse=True):
            value = used.pop(name)
            statement = statement.replace(f":{name}", f"'{value}'" if isinstance(value, str) else str(value))
    await connection.execute(text(statement), used)


def main() -> None:
    """Fill the ledger that is named."""
    parser = argparse.ArgumentParser(description="Fill a ledger with many requests.")
    parser.add_argument("where", help="a file, or a SQLAlchemy address")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, default=10)
    given = parser.parse_args()
    url = given.where if "://" in given.where else f"sqlite+aiosqlite:///{Path(given.where).absolute()}"
    begun = time.perf_counter()
    batch = asyncio.run(fill(url, given.rows, given.batches))
    print(f"{given.rows} requests in {given.batches} batches, {time.perf_counter() - begun:.0f} s; the newest: {batch}")


if __name__ == "__main__":
    main()
