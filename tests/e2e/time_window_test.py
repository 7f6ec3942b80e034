"""A record from the far future: kept out, judged again in the same way, and taken back by hand."""

import json
import sys
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from oracle import Oracle  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project  # noqa: E402

PIPELINE = """
version: 1
pipeline: sales
source: {kafka: embedded, topic: sales}
lake: ./lake
warehouse: ${DATABASE_URL}
bronze:
  raw.sales:
    format: json
    columns: {id: long, sold_at: timestamptz}
    partition_by: [day(sold_at)]
    %s
silver:
  processed.sales:
    from: raw.sales
    sql: SELECT id, sold_at FROM raw.sales
    warehouse: {table: public.sales, mode: append}
"""


class TimeWindowTest(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres()
        self.project = Project(pipeline=PIPELINE % "", DATABASE_URL=self.postgres.conninfo)
        self.oracle = Oracle(self.postgres.conninfo, self.postgres.uri, "")

    def tearDown(self):
        self.project.close()
        self.postgres.close()

    def places(self):
        tables = [self.oracle.lake("raw.sales"), self.oracle.lake("processed.sales"),
                  self.oracle.warehouse("public.sales")]
        for table in tables:
            self.assertEqual(sorted(table), sorted(tables[0]))
        return sorted(offset for _, offset in tables[0])

    def test_out_and_back(self):
        now = datetime.now(timezone.utc)
        days = [0, 30 * 365, -365, -30 * 365]
        records = [{"id": n, "sold_at": (now + timedelta(days=day)).isoformat()}
                   for n, day in enumerate(days)]
        self.project.broker(1)
        self.project.write("sales.jsonl", "".join(json.dumps(each) + "\n" for each in records))
        self.project.ok("produce", "sales.jsonl")
        self.project.ok("run", "--once")
        self.assertEqual(self.places(), [0, 2])
        held = self.project.json("quarantine", "ls")
        self.assertEqual(sorted((row["offset"], row["reason"], row["field"]) for row in held),
                         [(offset, "timestamp_outside_window", "sold_at") for offset in (1, 3)])

        # A wider window is another transform, and takes back what lies in it.
        self.project.write("sluice.yml", PIPELINE % "time_window: {past: off}")
        self.assertEqual(self.project.sluice("run", "--once").returncode, 78)
        self.project.ok("plan", "--accept")
        done = self.project.sluice("quarantine", "replay", "--yes", "-o", "json")
        told = json.loads(done.stdout)
        self.assertEqual((told["accepted"], told["still_bad"]), (1, 1), done.stderr)
        self.assertEqual(self.places(), [0, 2, 3])
        self.assertTrue(self.project.json("verify")["ok"])


if __name__ == "__main__":
    unittest.main()
