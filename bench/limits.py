"""How fast each station could be: the same data through each library alone, and through sluice."""

import json
import os
import subprocess
import time
from pathlib import Path

import duckdb
import psycopg

import outputs
import sluice_side
from processes import Watched
from result import Result
from rig import PARTITIONS, TOOLS, BenchError, Rig, build_tools, say
from servers.postgres import BIN

DECODE_RECORDS = 50_000


def add_arguments(parser):
    parser.add_argument("--rows", type=int, default=1_000_000)


def main(args):
    result = Result("limits")
    build_tools("consume_bench", "decode_bench")
    with Rig(args.dir) as rig:
        sluice_side.warm(rig, args.rows)
        topic, path = rig.topic(args.rows), rig.lines(args.rows)
        raw = {"librdkafka": consume(rig, topic, args.rows), **decode(rig, path)}
        with sluice_side.Pipeline(rig, topic) as pipeline:
            rig.stack.sql("CHECKPOINT")
            with rig.meter() as servers:
                used, said = pipeline.once()
            if said["records"] != args.rows:
                raise BenchError(f"sluice read {said['records']} records of {args.rows}")
            ours = per_million({**used.row(), **servers.row()}, args.rows)
            raw["parquet_bronze"] = parquet(rig, pipeline.bronze_files())
            raw["parquet_silver"] = parquet(rig, pipeline.silver_files())
            raw |= copies(rig, pipeline)
    result.write(args.json, rows=args.rows, raw=raw, sluice=ours, ratios=ratios(raw, ours))
    return 0


def per_million(row, rows):
    """Adds rows a second and CPU seconds for a million rows."""
    more = {"rows_per_s": round(rows / row["wall_s"])}
    for name in ("cpu_s", "postgres_cpu_s", "kafka_cpu_s"):
        if name in row:
            more[f"{name}_per_million"] = round(row[name] * 1e6 / rows, 3)
    return {**row, **more}


def consume(rig, topic, rows):
    done = subprocess.run([TOOLS / "consume_bench", rig.stack.kafka.address, topic,
                           str(PARTITIONS)], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(done.stderr)
    said = json.loads(done.stdout)
    if said["records"] != rows:
        raise BenchError(f"consume_bench saw {said['records']} records of {rows}")
    return per_million(said, rows)


def decode(rig, path):
    """The decoder, and simdjson alone, over lines in memory."""
    sample = rig.folder / "decode.jsonl"
    with open(path, encoding="utf-8") as lines, open(sample, "w", encoding="utf-8") as file:
        good = (line for line in lines if line.endswith("}\n"))
        file.writelines(line for line, _ in zip(good, range(DECODE_RECORDS)))
    done = subprocess.run(
        [TOOLS / "decode_bench", "--benchmark_format=json",
         "--benchmark_filter=^(BM_Books|BM_SimdjsonOnDemand|BM_SimdjsonStage1)$"],
        env={**os.environ, "SLUICE_BENCH_LINES": str(sample)}, text=True, capture_output=True,
        check=False)
    if done.returncode != 0:
        raise BenchError(done.stderr)
    names = {"BM_Books": "decode", "BM_SimdjsonOnDemand": "simdjson",
             "BM_SimdjsonStage1": "simdjson_stage1"}
    return {names[run["name"]]: {"rows_per_s": round(run["records/s"]),
                                 "cpu_s_per_million": round(1e6 / run["records/s"], 4)}
            for run in json.loads(done.stdout)["benchmarks"]}


def parquet(rig, files):
    """DuckDB's COPY to Parquet, from memory, on one thread; zstd as in the lake."""
    target = rig.folder / "alone.parquet"
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE t AS SELECT * FROM {outputs.parquet(files)}")
    rows = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    wall, cpu = time.monotonic(), time.process_time()
    connection.execute(f"COPY t TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    row = {"wall_s": round(time.monotonic() - wall, 3),
           "cpu_s": round(time.process_time() - cpu, 3), "bytes": target.stat().st_size,
           "sluice_bytes": sum(Path(path).stat().st_size for path in files)}
    connection.close()
    target.unlink()
    return per_million(row, rows)


def copies(rig, pipeline):
    r"""`\copy` of a prepared binary file into a table like silver's, without a key and with one."""
    data = rig.folder / "silver.bin"
    with psycopg.connect(pipeline.url) as connection, open(data, "wb") as file:
        with connection.cursor().copy(f"COPY {sluice_side.TABLE} TO STDOUT (FORMAT binary)") as out:
            for block in out:
                file.write(block)
    found = {"copy": copy(rig, pipeline, data, None),
             "copy_with_key": copy(rig, pipeline, data, "book_title, authors")}
    data.unlink()
    return found


def copy(rig, pipeline, data, key):
    with psycopg.connect(pipeline.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE raw_copy (LIKE {sluice_side.TABLE})")
        if key:
            connection.execute(f"CREATE UNIQUE INDEX ON raw_copy ({key})")
        rig.stack.sql("CHECKPOINT")
        with rig.meter() as servers:
            used = Watched([BIN / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", pipeline.url, "-c",
                            rf"\copy raw_copy from '{data}' (format binary)"],
                           rig.folder / "copy.log").wait(sluice_side.TIMEOUT)
        if used.exit_code != 0:
            raise BenchError((rig.folder / "copy.log").read_text(encoding="utf-8"))
        rows = connection.execute("SELECT count(*) FROM raw_copy").fetchone()[0]
        connection.execute("DROP TABLE raw_copy")
    row = used.row()
    return per_million({"wall_s": row["wall_s"], "cpu_s": row["cpu_s"],
                        "postgres_cpu_s": servers.row()["postgres_cpu_s"]}, rows)


def ratios(raw, ours):
    """`…_of_raw`: sluice's rows a second as a share of the library's alone. `cpu_over_floor`: its
    CPU over the sum of what all libraries need alone for the same work."""
    floor = sum(raw[name]["cpu_s_per_million"] for name in (
        "librdkafka", "simdjson", "parquet_bronze", "parquet_silver", "copy"))
    shares = {f"{name}_of_raw": round(ours["rows_per_s"] / raw[name]["rows_per_s"], 3)
              for name in raw}
    return {**shares, "floor_cpu_s_per_million": round(floor, 3),
            "cpu_over_floor": round(ours["cpu_s_per_million"] / floor, 2),
            "postgres_cpu_over_copy": round(ours["postgres_cpu_s_per_million"]
                                            / raw["copy"]["postgres_cpu_s_per_million"], 2),
            "decode_of_simdjson": round(raw["decode"]["rows_per_s"]
                                        / raw["simdjson"]["rows_per_s"], 3)}
