"""A stream for a long time on S3 with a commit a second: what it costs, minute by minute, while
maintenance runs by itself."""

import threading
import time
import uuid
from functools import partial

import psycopg

import freshness
import processes
import sluice_side
import visible
from result import Result
from rig import PARTITIONS, BenchError, Rig, say, written

BUCKET = "raw"


def add_arguments(parser):
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=200, help="records a second (200)")
    parser.add_argument("--every", default="1s", help="lake.every (1s)")


def main(args):
    result = Result("soak")
    with Rig(args.dir) as rig:
        rig.stack.up(["s3"])
        figures = of_sluice(rig, args)
    result.write(args.json, rate=args.rate, minutes=args.minutes, lake_every=args.every,
                 partitions=PARTITIONS, **figures)
    return 0 if figures["outputs_equal"] else 1


def of_sluice(rig, args):
    topic = rig.stack.topic(partitions=PARTITIONS)
    prefix = f"soak-{uuid.uuid4().hex[:8]}"
    with sluice_side.Pipeline(rig, topic, every=args.every, more=freshness.SENT,
                              root=f"s3://{BUCKET}/{prefix}", **rig.stack.s3.env()) as pipeline:
        run = pipeline.start()
        try:
            sent, minutes = stream(rig, args, topic, run, pipeline,
                                   rig.stack.s3.data / BUCKET / prefix)
        finally:
            used = run.stop()
        pipeline.need(used)
        verified = pipeline.verify()
        with psycopg.connect(pipeline.url) as connection:
            rows, different = connection.execute(
                f"SELECT count(*), count(DISTINCT sent_us) FROM {sluice_side.TABLE}").fetchone()
    say(f"{sent} sent, {rows} rows, {different} different; verify says {verified['ok']}")
    return {"sent": sent, "samples": minutes, "files_verified": verified["files"],
            "outputs_equal": bool(verified["ok"]) and rows == different == sent}


def stream(rig, args, topic, run, pipeline, store):
    """Streams; returns how many records were sent, and what each minute cost."""
    produced = {}
    sender = threading.Thread(target=lambda: produced.update(
        freshness.produce(rig, topic, args.rate, 60 * args.minutes)))
    sender.start()
    samples = []
    cpu, commits = processes.cpu_seconds(run.pid), lake_commits(pipeline.url)
    begun = time.monotonic()
    while sender.is_alive():
        sender.join(max(0.0, begun + 60 * (len(samples) + 1) - time.monotonic()))
        now = {"cpu": processes.cpu_seconds(run.pid), "commits": lake_commits(pipeline.url)}
        seconds = time.monotonic() - begun - 60 * len(samples)
        if seconds < 10:  # the sender ends a moment after the last full minute
            continue
        there = written(store)
        samples.append({"minute": round((time.monotonic() - begun) / 60, 2),
                        "cpu_s_per_s": round((now["cpu"] - cpu) / seconds, 4),
                        "lake_commits": now["commits"] - commits,
                        "memory_mb": round(processes.memory_bytes([run.pid])[0] / 1e6, 1),
                        "objects": there["files"], "store_mb": round(there["bytes"] / 1e6, 1)})
        cpu, commits = now["cpu"], now["commits"]
        say(samples[-1])
    if not produced:
        raise BenchError("nothing was produced")
    freshness.wait_for_rows(run, pipeline.log, produced["sent"],
                            partial(visible.total, pipeline.url, sluice_side.TABLE))
    return produced["sent"], samples


def lake_commits(url):
    with psycopg.connect(url) as connection:
        try:
            return connection.execute(
                "SELECT count(*) FROM sluice.commit WHERE sink = 'lake'").fetchone()[0]
        except psycopg.errors.UndefinedTable:
            return 0
