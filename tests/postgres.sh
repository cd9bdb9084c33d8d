#!/bin/sh
# Runs a command beside a Postgres of its own, which is gone afterwards: tests/postgres.sh python -m pytest tests/ledger
# Needs Debian's or Ubuntu's package `postgresql`, or another one's `initdb` and `pg_ctl` on the PATH.
set -eu

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
PATH="${bin:+$bin:}$PATH"
command -v initdb >/dev/null || { echo "Postgres is not installed; apt-get install postgresql" >&2; exit 2; }

place=$(mktemp -d "${TMPDIR:-/tmp}/esign-postgres.XXXXXX")
as=""
if [ "$(id -u)" = 0 ]; then  # Postgres refuses to run as root
    as="runuser -u postgres --"
    chown postgres "$place"
fi
stop() { (cd / && $as pg_ctl -D "$place/data" -m immediate -w stop >/dev/null 2>&1 || true); rm -rf "$place"; }
trap stop EXIT
trap 'exit 130' INT TERM

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$place"
$as initdb -D "$place/data" -U esign -A trust -E UTF8 --locale=C >"$place/log" 2>&1 || { cat "$place/log" >&2; exit 3; }
$as pg_ctl -D "$place/data" -w -l "$place/data/server.log" \
    -o "-c listen_addresses=127.0.0.1 -p $port -k $place -c fsync=off" start >"$place/log" 2>&1 \
    || { cat "$place/log" >&2; exit 3; }
cd "$OLDPWD"

ESIGN_TEST_POSTGRES_URL="postgresql+asyncpg://esign@127.0.0.1:$port/postgres" "$@"
