"""The ledger's tables. Times are milliseconds (`Moment`); leases are compared with the database's own clock."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ledger.sql import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER primary keys by itself


def _only(name: str, table: str, *columns: str, where: str) -> Index:
    return Index(f"ix_{table}_{name}", *columns, sqlite_where=text(where), postgresql_where=text(where))


ledgers = Table(
    "ledgers",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1", name="only_one"), primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("recipe", Text, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),  # of the account's token, so that a swapped account is noticed
    Column("hash", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("paused_because", Text),
    Column("created_at", Moment, nullable=False),
    Column("frozen_at", Moment, nullable=False),  # the last time somebody froze this very plan
    Column("finished_at", Moment),
    Index("ix_batches_hash", "hash"),
    Index("ix_batches_sheet", "sheet"),
    Index("ix_batches_frozen_at_id", "frozen_at", "id"),
    Index("ix_batches_provider_account_mode", "provider", "account", "mode"),
)

gates = Table(  # a batch whose first rows go out alone; the others wait for a person's yes
    "gates",
    metadata,
    Column("batch_id", Text, ForeignKey("batches.id"), primary_key=True),
    Column("run_id", Text),  # the Prefect run that asks, which starts again from its first line once it is answered
    Column("last_row", Integer, nullable=False),  # of the canary; what lies below it in the sheet waits
    Column("waiting", Integer),  # how many rows the question is about, once it has been put
    Column("asked_at", Moment),
    Column("answer", Text),  # yes, no
    Column("answered_at", Moment),
    Index("ix_gates_run_id", "run_id"),
)

other_rows = Table(  # rows of a batch's sheet that are no requests of this batch: refused, or already in another one
    "other_rows",
    metadata,
    Column("batch_id", Text, ForeignKey("batches.id"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("key", Text),
    Column("request_id", Text, ForeignKey("requests.id")),
    Column("problem", Text),
    _only("request", "other_rows", "request_id", where="request_id IS NOT NULL"),
)

documents = Table(  # a text that a hundred thousand people get is kept once
    "documents",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content", Text, nullable=False),
)

NEEDS_A_PERSON = (  # as the index below has it, to the letter: only then does it serve a question
    "state IN ('failed', 'uncertain', 'declined', 'expired')"
    " OR (problem IS NOT NULL AND state NOT IN ('planned', 'sending'))"
)

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("batch_id", Text, ForeignKey("batches.id"), nullable=False),
    Column("row", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("ref", Text, nullable=False, unique=True),
    Column("content", Text, nullable=False),  # SignatureRequest as JSON, without its document
    Column("document_sha256", Text, ForeignKey("documents.sha256"), nullable=False),
    Column("archive_name", Text, nullable=False),
    Column("reminders", Text),
    Column("expires_in_hours", Integer),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", BigInteger),
    Column("not_before", BigInteger),  # planned again, but the provider asked to wait
    Column("provider_id", Text),
    Column("problem", Text),
    Column("document_url", Text),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("expires_at", Moment),
    Column("closed_at", Moment),
    Column("last_event", Text),
    Column("last_event_at", Moment),
    Column("archived_at", Moment),
    Column("archived_as", Text),
    Column("archived_sha256", Text),
    Column("archived_size", BigInteger),
    Column("planned_hash", Text),  # of what it was planned with, once a signer was corrected in `content`
    UniqueConstraint("mode", "campaign", "key", "round"),
    Index("ix_requests_batch_id_state_row", "batch_id", "state", "row"),
    _only("accepted", "requests", "provider_id", where="provider_id IS NOT NULL"),
    _only("leases", "requests", "lease_until", where="state = 'sending'"),
    _only("uncertain", "requests", "provider", "account", where="state = 'uncertain'"),
    _only("expiry", "requests", "expires_at", where="state IN ('sent', 'in_progress') AND expires_at IS NOT NULL"),
    _only("person", "requests", "batch_id", "row", where=NEEDS_A_PERSON),
    _only("later", "requests", "batch_id", "mode", "campaign", "key", "round", where="round >= 2"),
)

signers = Table(
    "signers",
    metadata,
    Column("id", Text, primary_key=True),  # the request's id, a dot, the position from 1
    Column("request_id", Text, ForeignKey("requests.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("turn", Integer, nullable=False),  # the signer's `order`, which is a word of SQL's
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("provider_signer_id", Text),
    Column("sign_url", Text),  # as good as a key: it never leaves the ledger but in our own reminders
    Column("invited_at", Moment),
    Column("viewed_at", Moment),
    Column("signed_at", Moment),
    Column("declined_at", Moment),
    Column("reminded", Integer, nullable=False),
    Column("next_reminder_at", Moment),
    _only("reminders", "signers", "next_reminder_at", where="next_reminder_at IS NOT NULL"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("request_id", Text, ForeignKey("requests.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("owner", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("outcome", Text),  # sent, refused, nothing, uncertain, absent; nothing yet while the call is on its way
    Column("outcome_at", Moment),
    Column("provider_id", Text),
    Column("problem", Text),
    _only("sent", "attempts", "provider_id", where="outcome = 'sent'"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("request_id", Text, ForeignKey("requests.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("provider_id", Text, nullable=False, index=True),
    Column("noticed_at", Moment, nullable=False),
    UniqueConstraint("request_id", "kind", "provider_id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("genuine", Boolean(name="genuine"), nullable=False),
    Column("ref", Text),  # the mark the webhook's address carried, where each request has an address of its own
    Column("received_at", Moment, nullable=False),
    Column("state", Text, nullable=False),  # waiting, done, unmatched, dead
    Column("tries", Integer, nullable=False),
    Column("not_before", BigInteger),
    Column("reason", Text),
    Column("provider_id", Text),
    Column("event", Text),  # the translated event, kept while no request is known for it
    Column("request_id", Text, ForeignKey("requests.id")),
    Column("body_sha256", Text),  # of what the body was, once it has been emptied for its age
    UniqueConstraint("provider", "account", "identity", "genuine"),
    _only("waiting", "inbox", "id", where="state = 'waiting'"),
    _only("news", "inbox", "provider", "account", where="state = 'waiting'"),
    _only("unmatched", "inbox", "provider_id", where="state = 'unmatched'"),
    _only("dead", "inbox", "id", where="state = 'dead'"),
    _only("lost", "inbox", "provider", "account", where="state = 'dead' AND tries >= 3"),
    _only("kept", "inbox", "received_at", where="state IN ('done', 'unmatched') AND body_sha256 IS NULL"),
    _only("request", "inbox", "request_id", where="request_id IS NOT NULL"),
)

history = Table(
    "history",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("request_id", Text, ForeignKey("requests.id"), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("signer_id", Text),
    Column("reason", Text),
    Column("at", Moment, nullable=False),
    Column("delivery_id", _SERIAL, ForeignKey("inbox.id"), unique=True),
)

effects = Table(
    "effects",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("request_id", Text, ForeignKey("requests.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("version", Integer, nullable=False),  # counts how often the effect was wanted anew
    Column("state", Text, nullable=False),  # due, done
    Column("due_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("problem", Text),
    UniqueConstraint("request_id", "kind", "name"),
    _only("due", "effects", "kind", "due_at", where="state = 'due'"),
    _only("stuck", "effects", "id", where="state = 'due' AND tries >= 10"),
)

reminders = Table(
    "reminders",
    metadata,
    Column("signer_id", Text, ForeignKey("signers.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("request_id", Text, ForeignKey("requests.id"), nullable=False, index=True),
    Column("begun_at", Moment, nullable=False),
    Column("outcome", Text),  # nothing yet means: perhaps it went out
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("next_us", BigInteger, nullable=False),  # microseconds: a thousand calls a second need finer steps
)

looks = Table(
    "looks",
    metadata,
    Column("watch", Text, primary_key=True),  # SHA-256 each, see `ledger.looks`
    Column("row_key", Text, primary_key=True),
    Column("seen", Text, nullable=False),
)
