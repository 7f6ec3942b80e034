"""How cost grows: with partitions and workers, rows, bytes in a record, columns, repeated keys."""

from dataclasses import dataclass

import duckdb
import psycopg

import outputs
import records
import sluice_side
from records import Shape
from result import Result
from rig import PARTITIONS, BenchError, Rig, say

COUNTS = (1, 2, 4, 8)
# Bytes of more text; the books' own records have about 200, the shortest 100.
PADDINGS = (-1, 0, 800, 9_800)
COLUMNS = (10, 50, 200)
REPEATED = (0.01, 0.1, 0.5, 1.0)
PIECE = 10_000_000
GROUPS = ("partitions", "workers", "rows", "bytes", "columns", "upsert")


@dataclass(frozen=True)
class Case:
    group: str
    rows: int
    shape: Shape = Shape()
    partitions: int = PARTITIONS
    workers: int = 1
    upsert: bool = False


def add_arguments(parser):
    parser.add_argument("--rows", type=int, default=500_000, help="where the rows are not the "
                        "question (500,000)")
    parser.add_argument("--full", action="store_true", help="2, 10 and 100 million rows: half an "
                        "hour, 50 GB of disk")
    parser.add_argument("--piece", type=int, default=PIECE, help="records that are made at a time "
                        "(10 million)")
    parser.add_argument("--only", choices=GROUPS, action="append", help="may be repeated")


def main(args):
    result = Result("scale")
    cases = [case for case in all_cases(args.rows, args.full)
             if not args.only or case.group in args.only]
    measured = []
    with Rig(args.dir) as rig:
        sluice_side.warm(rig, cases[0].rows)
        for at, case in enumerate(cases):
            measured.append(measure(rig, case, args.piece))
            if at + 1 == len(cases) or cases[at + 1].group != case.group:
                rig.forget()
    equal = all(row["outputs_equal"] for row in measured)
    result.write(args.json, cases=measured, outputs_equal=equal)
    return 0 if equal else 1


def all_cases(rows, full):
    sizes = (2_000_000, 10_000_000, 100_000_000) if full else (rows // 5, rows, rows * 4)
    bytes_in_all = rows * 200
    return [*(Case("partitions", rows, partitions=count) for count in COUNTS),
            *(Case("workers", rows, partitions=8, workers=count) for count in COUNTS),
            *(Case("rows", size) for size in sizes),
            *(Case("bytes", bytes_in_all // (200 + padding if padding >= 0 else 100),
                   Shape(padding=padding)) for padding in PADDINGS),
            *(Case("columns", rows * 10 // (10 + count), Shape(columns=count - len(records.FIELDS)))
              for count in COLUMNS),
            *(Case("upsert", rows, Shape(repeated=share), upsert=True) for share in REPEATED)]


@dataclass
class Sent:
    """A topic, and what is in it; `keys` where they count."""
    topic: str
    bytes: int = 0
    silver_rows: int = 0
    keys: int = 0


def send(rig, case, piece):
    """All of a case's records. Many are made in pieces, each by another seed, so that no file of
    all of them lies beside the broker's copy."""
    if case.rows <= piece or case.upsert:
        path = rig.lines(case.rows, shape=case.shape)
        topic = rig.topic(case.rows, shape=case.shape, partitions=case.partitions)
        return Sent(topic, path.stat().st_size, silver_rows(path),
                    records.keys(path) if case.upsert else 0)
    sent = Sent(rig.new_topic(case.partitions))
    for seed, first in enumerate(range(0, case.rows, piece), 1):
        path = rig.lines(min(piece, case.rows - first), seed, case.shape)
        rig.produce(sent.topic, path)
        sent.bytes += path.stat().st_size
        sent.silver_rows += silver_rows(path)
        path.unlink()
    return sent


def measure(rig, case, piece):
    sent = send(rig, case, piece)
    with sluice_side.Pipeline(rig, sent.topic, upsert=case.upsert, shape=case.shape) as pipeline:
        rig.stack.sql("CHECKPOINT")
        with rig.meter() as servers:
            used, said = pipeline.once("--workers", str(case.workers))
        expected = sent.keys if case.upsert else sent.silver_rows
        made = {"warehouse": warehouse_rows(pipeline), "lake": outputs.parquet_rows(
            pipeline.silver_files())}
    if said["records"] != case.rows:
        raise BenchError(f"sluice read {said['records']} records of {case.rows}")
    row = {**used.row(), **servers.row()}
    figures = {"group": case.group, "rows": case.rows, "partitions": case.partitions,
               "workers": case.workers, "bytes_per_record": round(sent.bytes / case.rows),
               "columns": len(records.FIELDS) + case.shape.columns,
               "repeated": case.shape.repeated, "upsert": case.upsert,
               "rows_per_s": round(case.rows / row["wall_s"]),
               "mb_per_s": round(sent.bytes / 1e6 / row["wall_s"], 1),
               "cpu_s_per_million": round(row["cpu_s"] * 1e6 / case.rows, 3),
               "postgres_cpu_s_per_million": round(row["postgres_cpu_s"] * 1e6 / case.rows, 3),
               "outputs_equal": made["warehouse"] == expected and made["lake"] == sent.silver_rows,
               **row, "warehouse_rows": made["warehouse"], "lake_rows": made["lake"]}
    say(f"{case.group} {about(case)}: {figures['rows_per_s']:,} rows/s, "
        f"{figures['cpu_s_per_million']} CPU-s per million, {figures['memory_mb']} MB"
        + ("" if figures["outputs_equal"] else f"; WRONG: {made}"))
    return figures


def about(case):
    """What makes it another case than its neighbours."""
    return {"partitions": case.partitions, "workers": case.workers, "rows": f"{case.rows:,}",
            "bytes": 200 + case.shape.padding, "upsert": f"{case.shape.repeated:.0%} repeated",
            "columns": len(records.FIELDS) + case.shape.columns}[case.group]


def silver_rows(path):
    query = "SELECT count(*) FROM " + records.silver_relation(path)
    return duckdb.execute(query).fetchone()[0]


def warehouse_rows(pipeline):
    with psycopg.connect(pipeline.url) as connection:
        return connection.execute(f"SELECT count(*) FROM {sluice_side.TABLE}").fetchone()[0]
