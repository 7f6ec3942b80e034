"""Every row of the list of bad input that a record can be, from a real Kafka through both sinks: a
real PostgreSQL, and a lake that PyIceberg reads back. Shares no code with sluice."""

import hashlib
import math
import sys
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "support")]
import record_cases  # noqa: E402
from project import Project  # noqa: E402
from stack import shared  # noqa: E402

FILES = record_cases.all_files()
LINEAGE = {"_log", "_partition", "_offset", "_timestamp"}
OWN_OF_BRONZE = {"_key", "_headers", "_rest"}
KEPT_BYTES = 64 << 10  # of a value that is too large
LARGEST = 64 << 20


def plain(value):
    """As a case file spells it."""
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def spelled(rows):
    """offset → the columns that are not NULL."""
    held = {}
    for row in rows:
        assert row["_offset"] not in held, f"offset {row['_offset']} is there twice"
        held[row["_offset"]] = {name: plain(value) for name, value in row.items()
                                if name not in LINEAGE and value is not None}
    return held


class Outcome:
    """What became of a file's records, each by its offset."""

    def __init__(self, file):
        stack = shared("kafka", "postgres")
        # The broker would refuse some of it.
        topic = stack.topic(max_message_bytes=LARGEST, message_timestamp_after_max_ms=(1 << 63) - 1)
        self.database = stack.database()
        project = Project(pipeline=file.pipeline, TOPIC=topic, DATABASE_URL=self.database,
                          KAFKA_BROKERS=stack.kafka.address)
        try:
            project.ok("run", "--once")  # makes the tables
            for statement in file.sql:
                self.sql(statement)
            acks = stack.produce(topic, [as_sent(record) for record in file.records],
                                 message_max_bytes=LARGEST)
            self.offsets = [ack.offset for ack in acks]
            self.done = project.sluice("run", "--once", timeout=300)
            assert self.done.returncode == 0, self.done.stdout + self.done.stderr
            self.verify = project.json("verify")
            self.read_back()
        finally:
            project.close()

    def sql(self, query):
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def read_back(self):
        catalog = SqlCatalog("lake", uri=self.database.replace("postgresql:",
                                                               "postgresql+psycopg2:"))
        self.bronze = spelled(lake_rows(catalog.load_table("raw.bad")))
        self.silver = spelled(lake_rows(catalog.load_table("processed.bad")))
        catalog.engine.dispose()
        columns = [name for name, in self.sql(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'public.bad'::regclass "
            "AND attnum > 0 ORDER BY attnum")]
        self.warehouse = spelled(dict(zip(columns, row))
                                 for row in self.sql("SELECT * FROM public.bad"))
        self.quarantine = {offset: rest for offset, *rest in self.sql(
            'SELECT "offset", reason, coalesce(field, \'\'), coalesce(detail, \'\'), value, '
            "value_len, sha256 FROM sluice.quarantine")}
        self.skipped = [skipped for skipped, in self.sql("SELECT n_skipped FROM sluice.position")]


def as_sent(record):
    item = {"value": record.value, "key": record.key, "headers": record.headers, "partition": 0}
    return item if record.timestamp is None else {**item, "timestamp": record.timestamp}


def lake_rows(table):
    """By PyIceberg's plan, and by its scan. The scan's Arrow shows a NULL list as an empty one, so
    values are the Parquet files'; the scan must find the same records."""
    rows = []
    for task in table.scan().plan_files():
        assert not task.delete_files
        with table.io.new_input(task.file.file_path).open() as file:
            found = pq.read_table(file).to_pylist()
        assert len(found) == task.file.record_count
        rows += found
    scanned = table.scan(selected_fields=("_offset",)).to_arrow().column("_offset").to_pylist()
    assert sorted(scanned) == sorted(row["_offset"] for row in rows)
    return rows


@lru_cache(maxsize=None)
def tried(index):
    """The outcome, or what went wrong: one run of the pipeline a file, also then."""
    try:
        return Outcome(FILES[index]), None
    except Exception as failure:  # noqa: BLE001 - each case of the file fails with it
        return None, failure


def outcome_of(index):
    outcome, failure = tried(index)
    assert failure is None, failure
    return outcome


def expected_row(record, table):
    """Silver and warehouse have the declared columns, and what the SQL makes of them."""
    if table == "bronze":
        row = dict(record.row)
        if record.key is not None:
            row["_key"] = record.key.hex()
        if record.headers:
            row["_headers"] = [{"key": key.encode("utf-8", "surrogateescape").decode(
                "utf-8", "backslashreplace"), "value": plain(value)}
                for key, value in record.headers]
        return row
    declared = {name: value for name, value in record.row.items() if name not in OWN_OF_BRONZE}
    return {**declared, **record.made}


def check(record, offset, outcome):
    tables = {"bronze": outcome.bronze, "silver": outcome.silver, "warehouse": outcome.warehouse}
    shown = f"{record.value[:80] if record.value is not None else None!r} at offset {offset}"
    if record.outcome == "row":
        assert offset not in outcome.quarantine, (shown, outcome.quarantine[offset][:3])
        for name, rows in tables.items():
            assert offset in rows, f"{shown} is not in {name}"
            assert rows[offset] == expected_row(record, name), (shown, name)
        return
    for name, rows in tables.items():
        assert offset not in rows, (shown, name, rows[offset])
    if record.outcome == "skipped":
        assert offset not in outcome.quarantine, shown
        return
    assert offset in outcome.quarantine, f"{shown} is nowhere"
    reason, field, detail, value, length, sha256 = outcome.quarantine[offset]
    assert f"{reason} {field}".strip() == record.reason.strip(), (shown, detail)
    assert record.detail in detail, shown
    sent = record.value or b""
    assert length == len(sent), shown
    assert sha256 == hashlib.sha256(sent).hexdigest(), shown
    kept = sent[:KEPT_BYTES] if reason == "message_too_large" else sent
    assert bytes(value or b"") == kept, shown


CASES = [(index, number) for index, file in enumerate(FILES) for number in range(len(file.cases))]


@pytest.mark.parametrize("index, number", CASES, ids=[
    f"{FILES[i].name}: {FILES[i].cases[n].title}" for i, n in CASES])
def test_case(index, number):
    file, outcome = FILES[index], outcome_of(index)
    first = sum(len(case.records) for case in file.cases[:number])
    for at, record in enumerate(file.cases[number].records, first):
        check(record, outcome.offsets[at], outcome)


@pytest.mark.parametrize("index", range(len(FILES)), ids=[file.name for file in FILES])
def test_nothing_else_is_there(index):
    file, outcome = FILES[index], outcome_of(index)
    rows = sum(record.outcome == "row" for record in file.records)
    assert len(outcome.bronze) == len(outcome.silver) == len(outcome.warehouse) == rows
    assert len(outcome.quarantine) == sum(r.outcome == "reject" for r in file.records)
    skipped = sum(record.outcome == "skipped" for record in file.records)
    assert outcome.skipped == [skipped, skipped], "as each sink counts them"
    assert outcome.verify["ok"], outcome.verify
