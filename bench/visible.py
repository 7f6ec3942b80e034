"""Readers that know nothing of who writes: when did each record become visible?

Each runs in a process of its own. Records are told apart by `sent_us`, their time of production.
"""

import json
import multiprocessing
import time
from collections import Counter
from pathlib import Path

import duckdb
import fastavro
import psycopg

POLL_SECONDS = 0.001
POINTER_SECONDS = 0.005
# Rows are appended, so new ones are at the end of the table. A few fill gaps in older pages: a wide
# look finds them, up to WIDE_SECONDS late.
BLOCKS_BACK, WIDE_BLOCKS = 8, 256
WIDE_SECONDS = 0.1
BLOCK = "(ctid::text::point)[0]::int"


class Reader:
    """Runs `watch(connection, table, found, stop)`; `found` gets what it saw, with its time."""

    def __init__(self, watch, url, table):
        context = multiprocessing.get_context("spawn")
        self._stop, self._ours = context.Event(), context.SimpleQueue()
        self._process = context.Process(target=_run, daemon=True,
                                        args=(watch, url, table, self._stop, self._ours))
        self._process.start()
        self.backend_pid = self._ours.get()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()

    def stop(self):
        """Ends it; returns all it saw."""
        self._stop.set()
        found = self._ours.get()
        self._process.join()
        return found


def _run(watch, url, table, stop, answers):
    with psycopg.connect(url, autocommit=True) as connection:
        answers.put(connection.info.backend_pid)
        found = []
        while not stop.is_set():
            try:
                watch(connection, table, found, stop)
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
                time.sleep(POLL_SECONDS)
        answers.put(found)


def rows(connection, table, found, stop):
    """Of a table of PostgreSQL: (seen_us, sent_us)."""
    seen = Seen(found)
    wide = time.monotonic()
    while not stop.is_set():
        seen.add(connection.execute(
            f"SELECT sent_us, {BLOCK} FROM {table} WHERE ctid >= '({seen.back(BLOCKS_BACK)},0)'",
            binary=True).fetchall())
        if time.monotonic() - wide > WIDE_SECONDS:
            wide = time.monotonic()
            look_wide(connection, table, seen)
        time.sleep(POLL_SECONDS)


def look_wide(connection, table, seen):
    """Into older pages. Counting is cheap: a look that takes long sees everything else late."""
    first, past = seen.back(WIDE_BLOCKS), seen.back(BLOCKS_BACK)
    older = f"FROM {table} WHERE ctid >= '({first},0)' AND ctid < '({past},0)'"
    count = connection.execute(f"SELECT count(*) {older}").fetchone()[0]
    if count != sum(seen.counts[block] for block in range(first, past)):
        seen.add(connection.execute(f"SELECT sent_us, {BLOCK} {older}", binary=True).fetchall())


class Seen:
    """What a reader of a table knows: each record once, and how many each page has."""

    def __init__(self, found):
        self._found, self._known, self._last = found, set(), 0
        self.counts = Counter()

    def back(self, blocks):
        """The page so many before the last known one."""
        return max(0, self._last - blocks)

    def add(self, rows):
        now = time.time_ns() // 1000
        for sent, block in rows:
            if sent is not None and sent not in self._known:
                self._known.add(sent)
                self.counts[block] += 1
                self._last = max(self._last, block)
                self._found.append((now, sent))


def pointers(connection, table, found, stop):
    """Of an Iceberg table, `namespace.name`: (seen_us, location of the metadata)."""
    namespace, name = table.split(".")
    last = None
    while not stop.is_set():
        row = connection.execute("SELECT metadata_location FROM iceberg_tables WHERE "
                                 "table_namespace = %s AND table_name = %s",
                                 (namespace, name)).fetchone()
        if row and row[0] != last:
            last = row[0]
            found.append((time.time_ns() // 1000, last))
        time.sleep(POINTER_SECONDS)


def sent_in(url, table, first_us, last_us):
    """How many different records of a time lie in a table of PostgreSQL."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            f"SELECT count(DISTINCT sent_us) FROM {table} WHERE sent_us BETWEEN %s AND %s",
            (first_us, last_us)).fetchone()[0]


def total(url, table):
    """How many rows a table of PostgreSQL shows now; 0 when there is none."""
    with psycopg.connect(url) as connection:
        try:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        except psycopg.errors.UndefinedTable:
            return 0


def total_in_lake(url, table):
    """How many rows the current snapshot of an Iceberg table has, by its summary."""
    metadata = _metadata(url, table)
    current = metadata.get("current-snapshot-id")
    return next((int(snapshot["summary"].get("total-records", 0))
                 for snapshot in metadata.get("snapshots", [])
                 if snapshot["snapshot-id"] == current), 0)


def snapshots(url, table):
    """Those that an Iceberg table keeps, as its metadata has them."""
    return _metadata(url, table).get("snapshots", [])


def _metadata(url, table):
    namespace, name = table.split(".")
    with psycopg.connect(url) as connection:
        try:
            row = connection.execute("SELECT metadata_location FROM iceberg_tables WHERE "
                                     "table_namespace = %s AND table_name = %s",
                                     (namespace, name)).fetchone()
        except psycopg.errors.UndefinedTable:
            return {}
    return json.loads(_local(row[0]).read_text(encoding="utf-8")) if row else {}


def rows_of_pointers(found):
    """What a reader finds behind pointers: (seen_us, sent_us) of each row, and the snapshots."""
    seen = []
    done = set()
    for at, location in found:
        metadata = json.loads(_local(location).read_text(encoding="utf-8"))
        # Two commits between two looks: both became visible at the second.
        for snapshot in metadata.get("snapshots", []):
            if snapshot["snapshot-id"] in done:
                continue
            done.add(snapshot["snapshot-id"])
            if snapshot["summary"]["operation"] == "append":
                seen += [(at, sent) for sent in _sent(_added_files(snapshot))]
    return seen, len(done)


def _added_files(snapshot):
    for manifest in _avro(snapshot["manifest-list"]):
        if manifest["added_snapshot_id"] != snapshot["snapshot-id"] or manifest["content"] != 0:
            continue
        for entry in _avro(manifest["manifest_path"]):
            if entry["status"] == 1:
                yield str(_local(entry["data_file"]["file_path"]))


def _sent(paths):
    listed = ", ".join(f"'{path}'" for path in paths)
    if not listed:
        return []
    return [row[0] for row in duckdb.execute(
        f"SELECT sent_us FROM read_parquet([{listed}]) WHERE sent_us IS NOT NULL").fetchall()]


def _avro(location):
    with open(_local(location), "rb") as file:
        return list(fastavro.reader(file))


def _local(location):
    return Path(location.removeprefix("file://").removeprefix("file:"))
