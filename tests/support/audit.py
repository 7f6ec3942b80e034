"""Compares one instant of lake, warehouse, quarantine and ledger with each other and with what the
broker acknowledged: by partition, offset and content. Reads by psycopg and PyIceberg alone.

One REPEATABLE READ transaction gives pointers, rows and marks as they were together (G2). What the
marks say must be there is then looked for: each record once, none missing, none besides (G1).
"""

import hashlib
import time
from dataclasses import dataclass, field

import numpy as np
import psycopg
from pyiceberg.table import StaticTable

import records
from acks import key_of

ACKS_WAIT = 20.0  # seconds until an acknowledgement that is under way must be there


@dataclass
class Findings:
    lost: int = 0
    doubled: int = 0
    disagreements: int = 0
    rows: int = 0
    lines: list = field(default_factory=list)

    def add(self, kind, count, text):
        if count:
            setattr(self, kind, getattr(self, kind) + int(count))
            self.lines.append(f"{count} {kind}: {text}")

    @property
    def clean(self):
        return not (self.lost or self.doubled or self.disagreements)


@dataclass
class Instant:
    """What one transaction saw."""
    pointers: dict    # table → metadata location
    starts: dict      # sink → {partition: first offset}
    marks: dict       # sink → {partition: next offset}
    quarantine: dict  # key → sha256
    warehouse: list   # (partition, offset, id, name, twice)
    latest: dict      # bucket → (id, key)


class LakeFile:
    """The rows of one data file; files never change, so each is read once."""

    def __init__(self, io, path, columns):
        import pyarrow.parquet as pq
        with io.new_input(path).open() as file:
            table = pq.read_table(file, columns=["_partition", "_offset", *columns])
        self.keys = (table["_partition"].to_numpy().astype(np.int64) << 44
                     | table["_offset"].to_numpy())
        self.ids = table[columns[0]].to_numpy()
        self.rest = [table[column].to_pylist() for column in columns[1:]]
        self.checked = False


class Audit:
    def __init__(self, conninfo, name, acks, io_properties=None, contiguous=True):
        self.conninfo, self.name, self.acks = conninfo, name, acks
        self.io_properties = io_properties or {}
        self.contiguous = contiguous  # every offset is a record: no transactions, no compaction
        self.files = {}  # table → {path: LakeFile}

    def check(self, final=False):
        """Looks at this instant; `final`: all that was acknowledged must be there."""
        instant = self.look()
        if instant is None:
            return Findings(lost=len(self.acks) if final else 0)
        self.await_acks(instant.marks)
        found = Findings(rows=len(self.acks))
        if final:
            self.check_all_read(instant, found)
        self.check_quarantine(instant, found)
        self.check_warehouse(instant, found)
        self.check_lake(instant, found, final)
        return found

    def look(self):
        """The instant; None while there is no ledger."""
        name = self.name
        with psycopg.connect(self.conninfo) as db:
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            there = db.execute("SELECT to_regclass('sluice.dbt_node') IS NOT NULL AND "
                               f"to_regclass('public.{name}_latest') IS NOT NULL").fetchone()[0]
            if not there:
                return None
            pointers = dict(db.execute(
                "SELECT table_namespace || '.' || table_name, metadata_location FROM "
                "iceberg_tables WHERE table_name IN (%s, %s)", (name, name + "_latest")).fetchall())
            starts, marks = {}, {}
            for sink, partition, start, mark in db.execute(
                    "SELECT sink, partition, start_offset, next_offset FROM sluice.position WHERE "
                    "pipeline = %s", (name,)).fetchall():
                starts.setdefault(sink, {})[partition] = start
                marks.setdefault(sink, {})[partition] = mark
            quarantine = {key_of(partition, offset): sha for partition, offset, sha in db.execute(
                'SELECT partition, "offset", sha256 FROM sluice.quarantine '
                "WHERE pipeline = %s AND resolved_at IS NULL",
                (name,)).fetchall()}
            cursor = db.cursor(binary=True)
            warehouse = cursor.execute(
                f"SELECT _partition, _offset, id, name, twice FROM public.{name}").fetchall()
            latest = {bucket: (number, key_of(partition, offset))
                      for bucket, number, partition, offset in cursor.execute(
                          f"SELECT bucket, id, _partition, _offset FROM public.{name}_latest")}
        return Instant(pointers, starts, marks, quarantine, warehouse, latest)

    def await_acks(self, marks):
        """The log of the producer lags what the broker has handed out by a moment."""
        end = time.monotonic() + ACKS_WAIT
        while True:
            self.acks.read()
            behind = any(self.acks.high.get(partition, 0) < mark
                         for parts in marks.values() for partition, mark in parts.items())
            if not behind or self.acks.ended or time.monotonic() > end:
                return
            time.sleep(0.02)

    def wanted(self, instant, sink):
        """Keys of the acknowledged records in [start, mark) of a sink, and their numbers."""
        keys, numbers, _ = self.acks.arrays()
        inside = np.zeros(len(keys), dtype=bool)
        for partition, mark in instant.marks.get(sink, {}).items():
            low, high = key_of(partition, instant.starts[sink][partition]), key_of(partition, mark)
            inside[np.searchsorted(keys, low):np.searchsorted(keys, high)] = True
        return keys[inside], numbers[inside]

    def check_all_read(self, instant, found):
        for sink in ("warehouse", "lake"):
            for partition, high in self.acks.high.items():
                mark = instant.marks.get(sink, {}).get(partition, 0)
                found.add("lost", max(0, high - mark),
                          f"{sink} partition {partition} stands at {mark}, {high} acknowledged")

    def check_quarantine(self, instant, found):
        for sink, parts in instant.marks.items():
            if self.contiguous:
                span = sum(mark - instant.starts[sink][p] for p, mark in parts.items())
                keys, _ = self.wanted(instant, sink)
                found.add("disagreements", abs(span - len(keys)),
                          f"{sink} marks span {span} records, {len(keys)} were acknowledged")
        keys, numbers = self.wanted(instant, "warehouse")
        refused = keys[~accepted(numbers)]
        have = np.array(sorted(instant.quarantine), dtype=np.int64)
        compare("quarantine", have, refused, found)
        other = [key for key, sha in instant.quarantine.items()
                 if self.acks.sha.get(key, sha) != sha]
        found.add("disagreements", len(other), "quarantined records have another content")

    def check_warehouse(self, instant, found):
        rows = instant.warehouse
        keys = np.array([key_of(row[0], row[1]) for row in rows], dtype=np.int64)
        wanted, numbers = self.wanted(instant, "warehouse")
        compare("warehouse", keys, wanted[accepted(numbers)], found)
        numbers = self.acks.numbers_of(keys)
        other = sum(number >= 0 and (row[2], row[3], row[4]) != records.silver(number)
                    for row, number in zip(rows, numbers.tolist()))
        found.add("disagreements", other, "warehouse rows have another content")
        self.check_latest(instant, found)

    def check_latest(self, instant, found):
        """For each key the image with the greatest (timestamp, partition, offset)."""
        keys, numbers, times = self.acks.arrays()
        wanted, _ = self.wanted(instant, "warehouse")
        inside = np.isin(keys, wanted, assume_unique=True) & accepted(numbers)
        keys, numbers, times = keys[inside], numbers[inside], times[inside]
        order = np.lexsort((keys, times))
        newest = dict(zip((numbers[order] % records.BUCKETS).tolist(),
                          zip(numbers[order].tolist(), keys[order].tolist())))
        differ = {b for b in newest.keys() | instant.latest.keys()
                  if newest.get(b) != instant.latest.get(b)}
        found.add("disagreements", len(differ), f"rows of the upsert table, such as "
                  f"{[(b, newest.get(b), instant.latest.get(b)) for b in sorted(differ)[:3]]}")

    def check_lake(self, instant, found, final):
        wanted, numbers = self.wanted(instant, "lake")
        wanted = wanted[accepted(numbers)]
        for table, columns, good in (
                (f"raw.{self.name}", ("id", "name", "amount"), self.is_bronze),
                (f"processed.{self.name}", ("id", "name", "twice"), is_silver),
                (f"processed.{self.name}_latest", ("id", "bucket"), is_bucket)):
            if table not in instant.pointers:
                found.add("lost", len(wanted), f"{table} is not in the catalog")
                continue
            try:
                files = self.load(instant.pointers[table], table, columns, final)
            except FileNotFoundError as gone:
                found.add("disagreements", 1, f"{table}: a file is gone: {gone}")
                continue
            keys = np.concatenate([file.keys for file in files] or [np.empty(0, np.int64)])
            compare(table, keys, wanted, found)
            for file in files:
                if not file.checked:
                    numbers = self.acks.numbers_of(file.keys)
                    file.checked = bool((numbers >= 0).all())
                    rows = zip(file.keys.tolist(), numbers.tolist(), file.ids.tolist(), *file.rest)
                    other = sum(number >= 0 and not good(key, number, row)
                                for key, number, *row in rows)
                    found.add("disagreements", other, f"rows of {table} have another content")

    def load(self, location, table, columns, final):
        """The data files of one metadata file; `final` looks for each of every snapshot again."""
        known = self.files.setdefault(table, {})
        static = StaticTable.from_metadata(location, self.io_properties)
        files = []
        for task in static.scan().plan_files():
            if task.delete_files:
                raise FileNotFoundError(f"{task.file.file_path} has deletes, which none wrote")
            path = task.file.file_path
            if path not in known:
                known[path] = LakeFile(static.io, path, columns)
            if len(known[path].keys) != task.file.record_count:
                raise FileNotFoundError(f"{path} has other rows than its manifest says")
            files.append(known[path])
        if final:
            self.look_for_all(static)
        return files

    def look_for_all(self, static):
        """O4: every file of every retained snapshot exists."""
        seen = set()
        for snapshot in static.metadata.snapshots:
            for manifest in snapshot.manifests(static.io):
                if manifest.manifest_path in seen:
                    continue
                seen.add(manifest.manifest_path)
                for entry in manifest.fetch_manifest_entry(static.io, discard_deleted=True):
                    path = entry.data_file.file_path
                    if path not in seen and not static.io.new_input(path).exists():
                        raise FileNotFoundError(path)
                    seen.add(path)

    def is_bronze(self, key, number, row):
        sent = records.value_of(*row)
        return row[0] == number and hashlib.sha256(sent).hexdigest() == self.acks.sha[key]


def is_silver(_, number, row):
    return tuple(row) == records.silver(number)


def is_bucket(_, number, row):
    return row == [number, records.bucket(number)]


def accepted(numbers):
    return (numbers % 97 != 0) & (numbers % 101 != 0)


def compare(place, keys, wanted, found):
    """`keys` as they are there against `wanted`: each once."""
    once, times = np.unique(keys, return_counts=True)
    doubled, lost = once[times > 1], np.setdiff1d(wanted, once)
    extra = np.setdiff1d(once, wanted)
    for kind, odd, what in (("doubled", doubled, "more than once"), ("lost", lost, "missing"),
                            ("disagreements", extra, "beyond the mark, or never sent")):
        some = [(int(key) >> 44, int(key) & ((1 << 44) - 1)) for key in odd[:5]]
        found.add(kind, len(odd), f"{place}: {what}: partition and offset {some}")
