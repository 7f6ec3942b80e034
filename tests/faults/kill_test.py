"""Kill -9 at random, start again, and count: nothing lost, nothing doubled.

SLUICE_KILLS and SLUICE_SEED choose another number and another draw.
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

KILLS = int(os.environ.get("SLUICE_KILLS", "50"))
SEED = int(os.environ.get("SLUICE_SEED", str(random.SystemRandom().randrange(1 << 31))))
PARTITIONS = 4
ROWS = 40_000

PIPELINE = """
version: 1
pipeline: kills
source:
  kafka: embedded
  topic: kills
  partitions: 4
lake: {root: ./lake, every: 400ms}
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


class KillTest(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres()
        self.project = Project(pipeline=PIPELINE, DATABASE_URL=self.postgres.conninfo)
        self.project.write("events.csv", events())
        self.acks = self.project.folder / "acks.jsonl"

    def tearDown(self):
        self.project.close()
        self.postgres.close()

    def test_random_kills(self):
        print(f"seed {SEED}, {KILLS} kills")
        draw = random.Random(SEED)
        self.project.broker(PARTITIONS)
        producer = self.project.start("produce", "events.csv", "--rate", "400", "--repeat", "50",
                                      "--type", "amount=string", "--acks", self.acks)
        killed = worked = 0
        for _ in range(KILLS):
            before = self.committed()
            run = self.project.start("run", "--workers", str(draw.choice((1, 2, 3))), log="run.log")
            # The group waits 3 s for a dead member before the next one gets its partitions.
            time.sleep(draw.choice((0.3, 3.5, 4.5)) + draw.random() * 3)
            self.assertIsNone(run.poll(), run.log.read_text(encoding="utf-8"))
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
            worked += self.committed() > before
        producer.send_signal(signal.SIGTERM)
        wait_until(lambda: producer.poll() is not None, 60)
        done = self.project.sluice("run", "--once", timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        sent = len(Oracle("", "", self.acks).acknowledged())
        print(f"{killed} kills, {worked} of runs that committed, {sent} records")
        self.assertGreater(worked, KILLS // 4, "most kills came before any work")
        self.assertGreater(sent, 1000)
        self.check()

    def committed(self):
        """Commits of both sinks so far; 0 while there is no ledger."""
        oracle = Oracle(self.postgres.conninfo, self.postgres.uri, self.acks)
        there = oracle.sql("SELECT to_regclass('sluice.commit') IS NOT NULL")[0][0]
        return oracle.sql("SELECT count(*) FROM sluice.commit")[0][0] if there else 0

    def check(self):
        oracle = Oracle(self.postgres.conninfo, self.postgres.uri, self.acks)
        faults = oracle.compare(["raw.events", "processed.events", "processed.latest"],
                                ["public.events"])
        self.assertEqual(faults, [])
        self.assertGreater(len(oracle.quarantine()), 0)
        # Upsert: for each key the newest by (timestamp, partition, offset).
        newest = {}
        rows = oracle.lake("processed.latest", "bucket", "id", "_timestamp")
        for partition, offset, bucket, number, at in rows:
            best = newest.get(bucket, (at, -1, -1, 0))
            newest[bucket] = max(best, (at, partition, offset, number))
        live = {bucket: number for _, _, bucket, number in
                oracle.warehouse("public.latest", "bucket", "id")}
        self.assertEqual(live, {bucket: best[3] for bucket, best in newest.items()})
        verify = self.project.sluice("verify")
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)


if __name__ == "__main__":
    unittest.main()
