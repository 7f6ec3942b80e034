"""Eight workers in three processes that come and go over one topic of a real Kafka: nothing lost,
nothing doubled.

SLUICE_TURNS and SLUICE_SEED choose another number of turns and another draw.
"""

import os
import random
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from oracle import Oracle  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402
from stack import shared  # noqa: E402

TURNS = int(os.environ.get("SLUICE_TURNS", "12"))
SEED = int(os.environ.get("SLUICE_SEED", str(random.SystemRandom().randrange(1 << 31))))
PARTITIONS = 12
WORKERS = (3, 3, 2)
ROWS = 10_000

PIPELINE = """
version: 1
pipeline: many
source:
  kafka: ${KAFKA_BROKERS}
  topic: ${TOPIC}
  options: {session.timeout.ms: 6000, heartbeat.interval.ms: 1000}
lake: {root: ./lake, every: 300ms}
warehouse: ${DATABASE_URL}
bronze:
  raw.events:
    format: json
    coerce: true
    columns: {id: long, name: string, amount: double}
silver:
  processed.events:
    from: raw.events
    sql: |
      SELECT id, trim(name) AS name, amount * 2 AS twice FROM raw.events
    expect:
      positive: {check: twice >= 0, else: quarantine}
      not_dropped: {check: id % 89 <> 0, else: drop}
    warehouse: {table: public.events, mode: append}
  processed.latest:
    from: raw.events
    sql: |
      SELECT id % 1000 AS bucket, id FROM raw.events
    warehouse: {table: public.latest, mode: upsert, key: [bucket]}
"""


def events():
    """A CSV in which every 97th row does not fit a column and every 101st fails an expectation."""
    lines = ["id,name,amount"]
    for i in range(ROWS):
        amount = "none" if i % 97 == 0 else f"-{i}.5" if i % 101 == 0 else f"{i}.25"
        lines.append(f'{i},"name {i}, the {i % 7}th ",{amount}')
    return "\n".join(lines) + "\n"


class ManyWorkersTest(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres()
        stack = shared("kafka")
        self.project = Project(pipeline=PIPELINE, DATABASE_URL=self.postgres.conninfo,
                               KAFKA_BROKERS=stack.kafka.address,
                               TOPIC=stack.topic(partitions=PARTITIONS))
        self.project.write("events.csv", events())
        self.acks = self.project.folder / "acks.jsonl"
        self.oracle = Oracle(self.postgres.conninfo, self.postgres.uri, self.acks)
        self.draw = random.Random(SEED)

    def tearDown(self):
        self.project.close()
        self.postgres.close()

    def start(self, place):
        return self.project.start("run", "--workers", WORKERS[place], log=f"run-{place}.log")

    def test_workers_come_and_go(self):
        print(f"seed {SEED}, {TURNS} turns")
        producer = self.project.start("produce", "events.csv", "--rate", "1500", "--repeat", "500",
                                      "--type", "amount=string", "--acks", self.acks)
        # All at once: they make ledger, catalog and tables together.
        runs = [self.start(place) for place in range(len(WORKERS))]
        wait_until(lambda: self.owners() == sum(WORKERS), 150)
        for turn in range(TURNS):
            place = self.draw.randrange(len(runs))
            self.assertIsNone(runs[place].poll(), self.log_of(runs[place]))
            self.disturb(runs, place, ("kill", "stop", "freeze")[turn % 3])
            time.sleep(self.draw.random() * 4)
        wait_until(lambda: self.owners() == sum(WORKERS), 90)
        producer.send_signal(signal.SIGTERM)
        wait_until(lambda: producer.poll() is not None, 60)
        for run in runs:
            run.send_signal(signal.SIGTERM)
        for run in runs:
            self.assertEqual(run.wait(60), 0, self.log_of(run))
        done = self.project.sluice("run", "--once", "--workers", "2", timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.check()

    def disturb(self, runs, place, how):
        if how == "freeze":  # for longer than the group's session time: others take over
            runs[place].send_signal(signal.SIGSTOP)
            time.sleep(5 + self.draw.random() * 5)
            runs[place].send_signal(signal.SIGCONT)
            return
        runs[place].send_signal(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        code = runs[place].wait(60)
        if how == "stop":
            self.assertEqual(code, 0, self.log_of(runs[place]))
        time.sleep(self.draw.random() * 2)
        runs[place] = self.start(place)

    def log_of(self, run):
        return run.log.read_text(encoding="utf-8")[-4000:]

    def owners(self):
        """How many workers own a partition; 0 while there is no ledger."""
        there = self.oracle.sql("SELECT to_regclass('sluice.position') IS NOT NULL")[0][0]
        return self.oracle.sql(
            "SELECT count(DISTINCT owner) FROM sluice.position")[0][0] if there else 0

    def check(self):
        sent = len(self.oracle.acknowledged())
        commits = self.oracle.sql("SELECT count(*), count(DISTINCT worker) FROM sluice.commit")[0]
        bumps = self.oracle.sql("SELECT sum(owner_epoch) FROM sluice.position")[0][0]
        print(f"{sent} records, {commits[0]} commits by {commits[1]} workers, {bumps} claims")
        self.assertGreater(sent, 10_000)
        self.assertGreater(commits[1], sum(WORKERS))
        faults = self.oracle.compare(["raw.events", "processed.latest"], [])
        self.assertEqual(faults, [])
        self.check_dropped()
        self.check_newest()
        self.assertGreater(len(self.oracle.quarantine()), 0)
        verify = self.project.sluice("verify")
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)

    def check_dropped(self):
        """Both places of silver hold the same rows, once each: those that `drop` does not take."""
        kept = {(p, o) for p, o, number in self.oracle.lake("raw.events", "id")
                if number % 89 != 0}
        for rows in (self.oracle.lake("processed.events"),
                     self.oracle.warehouse("public.events")):
            self.assertEqual(len(rows), len(set(rows)))
            self.assertEqual(set(rows), kept)

    def check_newest(self):
        """Upsert: for each key the newest by (timestamp, partition, offset)."""
        newest = {}
        rows = self.oracle.lake("processed.latest", "bucket", "id", "_timestamp")
        for partition, offset, bucket, number, at in rows:
            best = newest.get(bucket, (at, -1, -1, 0))
            newest[bucket] = max(best, (at, partition, offset, number))
        live = {bucket: number for _, _, bucket, number in
                self.oracle.warehouse("public.latest", "bucket", "id")}
        self.assertEqual(live, {bucket: best[3] for bucket, best in newest.items()})


if __name__ == "__main__":
    unittest.main()
