"""Measures lake commits a second: workers of several processes that commit as often as they can.

    SLUICE_BIN=build/release/bin/sluice .deps/check/bin/python tests/workers/commit_rate.py
"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from many_workers_test import PARTITIONS, PIPELINE, WORKERS, events  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402
from stack import shared  # noqa: E402

SECONDS = 40


def main():
    # As a server that keeps what it said: with fsync.
    server = Postgres(settings=("fsync=on",))
    stack = shared("kafka")
    project = Project(pipeline=PIPELINE.replace("300ms", "100ms"), DATABASE_URL=server.conninfo,
                      KAFKA_BROKERS=stack.kafka.address, TOPIC=stack.topic(partitions=PARTITIONS))
    try:
        project.write("events.csv", events())
        project.start("produce", "events.csv", "--rate", "4000", "--repeat", "500",
                      "--type", "amount=string")
        for place, workers in enumerate(WORKERS):
            project.start("run", "--workers", workers, log=f"run-{place}.log")
        wait_until(lambda: server.sql("SELECT to_regclass('sluice.position') IS NOT NULL")[0][0])
        wait_until(lambda: server.sql("SELECT count(DISTINCT owner) FROM sluice.position")
                   == [(sum(WORKERS),)], 90)
        time.sleep(SECONDS)
        rows = server.sql(
            "SELECT sink, count(*) / 30.0, count(DISTINCT worker) FROM sluice.commit "
            "WHERE at > clock_timestamp() - interval '30 s' GROUP BY sink ORDER BY sink")
        for sink, rate, workers in rows:
            print(f"{sink}: {rate:.1f} commits/s by {workers} workers")
        retries = sum(log.read_text(encoding="utf-8").count("will be tried again")
                      for log in project.folder.glob("run-*.log"))
        print(f"{retries} commits had to be tried again")
        for process in project.processes:
            process.send_signal(signal.SIGTERM)
    finally:
        project.close()
        server.close()


if __name__ == "__main__":
    main()
