"""How long until a record that is produced can be read: in PostgreSQL, and in Iceberg."""

import json
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy
import psycopg

import processes
import sluice_side
import spark_side
import visible
from result import Result
from rig import PARTITIONS, BenchError, Rig, say, tail

HERE = Path(__file__).resolve().parent
SENT = (("sent_us", "long"),)
START_RECORDS = 1_000
WARM_RECORDS = 100_000
# A busy machine lets Spark take minutes to begin.
WAIT_SECONDS = 240


def add_arguments(parser):
    parser.add_argument("--rate", type=float, default=1_000, help="records a second (1,000)")
    parser.add_argument("--seconds", type=float, default=30, help="that count (30)")
    parser.add_argument("--warmup", type=float, default=60, help="seconds of the same load "
                        "before them, reported apart: a new broker compiles its code (60)")
    parser.add_argument("--every", default="1s", help="lake.every (1s)")
    parser.add_argument("--idle", type=float, default=20,
                        help="seconds without input at the end (20)")
    parser.add_argument("--peer", action="store_true", help="Spark too")


def main(args):
    result = Result("freshness")
    with Rig(args.dir) as rig:
        figures = of_sluice(rig, args)
        if args.peer:
            figures["peer"] = {"postgresql": of_spark(rig, args, "to_postgres.py"),
                               "iceberg": of_spark(rig, args, "to_iceberg.py")}
    result.write(args.json, rate=args.rate, seconds_sent=args.seconds, warmup_s=args.warmup,
                 lake_every=args.every, partitions=PARTITIONS, **figures)
    return 0 if figures["outputs_equal"] else 1


def of_sluice(rig, args):
    sluice_side.warm(rig, WARM_RECORDS)
    topic = rig.stack.topic(partitions=PARTITIONS)
    with sluice_side.Pipeline(rig, topic, every=args.every, more=SENT) as pipeline:
        (first_ms, first), (again_ms, again) = (started(rig, topic, pipeline) for _ in range(2))
        with visible.Reader(visible.rows, pipeline.url, sluice_side.TABLE) as table, \
                visible.Reader(visible.pointers, pipeline.url, "processed.books") as lake:
            run = pipeline.start()
            try:
                live, sent = stream(rig, args, topic, run, table)
                for total, name in ((visible.total, sluice_side.TABLE),
                                    (visible.total_in_lake, "processed.books")):
                    wait_for_rows(run, pipeline.log, first + again + sent["sent"],
                                  partial(total, pipeline.url, name))
                idle = idle_cpu(run, args.idle)
            finally:
                used = run.stop()
            seen, pointers = table.stop(), lake.stop()
        pipeline.need(used)
        postgresql = ages(seen, sent, args.warmup)
        there = visible.sent_in(pipeline.url, sluice_side.TABLE, sent["first_us"], sent["last_us"])
        rows, commits = visible.rows_of_pointers(pointers)
        iceberg = ages(rows, sent, args.warmup)
        figures = {"postgresql": postgresql, "iceberg": {**iceberg, "commits": commits},
                   "first_commit_ms": first_ms, "first_commit_again_ms": again_ms, **live,
                   "idle_cpu_percent": idle, "memory_mb": used.row()["memory_mb"],
                   "lake": sluice_side.written(pipeline.home / "lake"),
                   "sent": sent["sent"], "unseen": there - postgresql["rows"],
                   "outputs_equal": there == iceberg["rows"] == sent["sent"]}
    say(f"PostgreSQL {postgresql}, Iceberg {iceberg}")
    return figures


def started(rig, topic, pipeline):
    """Milliseconds from the start of a run to its first commit that a reader sees, and how many
    records there were for it."""
    sent = produce(rig, topic, START_RECORDS * 2, 0.5)["sent"]
    with psycopg.connect(pipeline.url, autocommit=True) as connection:
        known = count(connection)
        begun = time.monotonic()
        run = pipeline.start()
        while count(connection) == known:
            if run.process.poll() is not None or time.monotonic() - begun > WAIT_SECONDS:
                raise BenchError(f"sluice run commits nothing:\n{tail(pipeline.log)}")
            time.sleep(0.002)
        took = time.monotonic() - begun
    run.stop()
    return round(took * 1000, 1), sent


def count(connection):
    try:
        return connection.execute(f"SELECT count(*) FROM {sluice_side.TABLE}").fetchone()[0]
    except psycopg.errors.UndefinedTable:
        return 0


def wait_for_rows(run, log, most, seen):
    """Until so many rows can be read."""
    end = time.monotonic() + WAIT_SECONDS
    while seen() < most:
        if run.process.poll() is not None or time.monotonic() > end:
            raise BenchError(f"{seen()} rows of {most} can be read; its log ends\n{tail(log)}")
        time.sleep(0.05)


def produce(rig, topic, rate, seconds):
    """Sends records at a rate; returns how many, and when the first and the last."""
    done = subprocess.run([sys.executable, HERE / "producer.py", rig.stack.kafka.address, topic,
                           str(rate), str(seconds)], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(done.stderr)
    return json.loads(done.stdout)


def stream(rig, args, topic, run, reader):
    """Streams; returns CPU seconds a second of steady time, and what was sent."""
    produced = {}
    sender = threading.Thread(target=lambda: produced.update(
        produce(rig, topic, args.rate, args.warmup + args.seconds)))
    sender.start()
    time.sleep(args.warmup)
    begun, before = time.monotonic(), processes.cpu_seconds(run.pid)
    of_reader = processes.cpu_seconds(reader.backend_pid)
    with rig.meter() as servers:
        sender.join()
        seconds = time.monotonic() - begun
        own = (processes.cpu_seconds(run.pid) - before) / seconds
        of_reader = processes.cpu_seconds(reader.backend_pid) - of_reader
    if not produced:
        raise BenchError("nothing was produced")
    return {"cpu_s_per_s": round(own, 4),
            "kafka_cpu_s_per_s": round(servers.seconds["kafka"] / seconds, 4),
            "postgres_cpu_s_per_s": round((servers.seconds["postgres"] - of_reader) / seconds, 4),
            }, produced


def idle_cpu(run, seconds):
    """Percent of a core that a run uses when nothing comes, over ten looks without the two busiest:
    what the stream left to maintain may fall into them."""
    looks = []
    for _ in range(10):
        before = processes.cpu_seconds(run.pid)
        time.sleep(seconds / 10)
        looks.append(processes.cpu_seconds(run.pid) - before)
    return round(100 * sum(sorted(looks)[:8]) / (0.8 * seconds), 2)


def ages(rows, sent, warmup):
    """Percentiles of (seen - sent) of rows after the start-up, which is apart; all of them counted
    once."""
    seen, made = (numpy.array(column, dtype=numpy.int64) for column in zip(*rows)) if rows else (
        numpy.zeros(0, numpy.int64),) * 2
    ours = (made >= sent["first_us"]) & (made <= sent["last_us"])
    age, made = (seen - made)[ours] / 1000, made[ours]
    if len(numpy.unique(made)) != len(made) or not len(made):
        raise BenchError(f"{len(made)} records seen, {len(numpy.unique(made))} of them different")
    warm = made >= sent["first_us"] + warmup * 1e6
    return {"rows": len(made), **percentiles(age[warm]), "startup": percentiles(age[~warm])}


def percentiles(age):
    if not len(age):
        return {}
    p50, p90, p99 = numpy.percentile(age, (50, 90, 99))
    return {"p50_ms": round(float(p50), 2), "p90_ms": round(float(p90), 2),
            "p99_ms": round(float(p99), 2), "max_ms": round(float(age.max()), 2)}


def of_spark(rig, args, job):
    """The peer's job: the same stream, once its first records can be read."""
    topic = rig.stack.topic(partitions=PARTITIONS)
    before = produce(rig, topic, START_RECORDS * 2, 0.5)["sent"]
    lake = job == "to_iceberg.py"
    watch, table = (visible.pointers, "raw.books") if lake else (visible.rows, sluice_side.TABLE)
    with spark_side.Session(rig, topic) as session:
        seen = partial(visible.total_in_lake if lake else visible.total, session.url, table)
        with visible.Reader(watch, session.url, table) as reader:
            run = session.start(job)
            wait_for_rows(run, session.log, before, seen)
            live, sent = stream(rig, args, topic, run, reader)
            wait_for_rows(run, session.log, before + sent["sent"], seen)
            (session.data / "stop").touch()
            used = session.wait(run)
            found = reader.stop()
        rows, commits = visible.rows_of_pointers(found) if lake else (found, None)
        figures = {**ages(rows, sent, args.warmup), **live, "memory_mb": used.row()["memory_mb"]}
        if lake:
            figures |= {"commits": commits, "lake": sluice_side.written(session.data / "lake")}
    say(f"{job} {figures}")
    return figures
