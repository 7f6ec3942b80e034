"""The quarantine as one works with it: look, mend, replay, purge; the storm that stops first."""

import json
import os
import signal
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from oracle import Oracle  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402

PIPELINE = """
version: 1
pipeline: readings
source: {kafka: embedded, topic: readings, partitions: 2}
lake: {root: ./lake, every: %(every)s}
warehouse: ${DATABASE_URL}
bronze:
  raw.readings:
    format: json
    %(decode)s
    columns: {id: long, sensor: string, celsius: double}
silver:
  processed.readings:
    from: raw.readings
    sql: |
      SELECT id, upper(sensor) AS sensor, celsius FROM raw.readings
    expect:
      sensible: {check: celsius < %(hot)s, else: quarantine}
    warehouse: {table: public.readings, mode: append}
  processed.latest:
    from: raw.readings
    sql: SELECT sensor, id, celsius FROM raw.readings WHERE sensor <> 'silent'
    warehouse: {table: public.latest, mode: upsert, key: [sensor]}
%(more)s
"""


def pipeline(every="30s", decode="coerce: false", hot="100", more=""):
    return PIPELINE % {"every": every, "decode": decode, "hot": hot, "more": more}


def lines(records):
    return "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records)


class QuarantineCase(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres()
        self.project = Project(pipeline=pipeline(), DATABASE_URL=self.postgres.conninfo)
        self.oracle = Oracle(self.postgres.conninfo, self.postgres.uri, "")

    def tearDown(self):
        self.project.close()
        self.postgres.close()

    def rewrite(self, **options):
        self.project.write("sluice.yml", pipeline(**options))

    def send(self, records, **options):
        self.project.write("records.jsonl", lines(records))
        return self.project.ok("produce", "records.jsonl", **options)

    def reasons(self, *args):
        return sorted(row["reason"] for row in self.project.json("quarantine", "ls", *args))

    def places(self):
        """What each table holds, as sorted (partition, offset)."""
        held = {table: sorted(self.oracle.lake(table))
                for table in ("raw.readings", "processed.readings", "processed.latest")}
        held["public.readings"] = sorted(self.oracle.warehouse("public.readings"))
        return held


class ReplayTest(QuarantineCase):
    RECORDS = [
        {"id": 1, "sensor": "a", "celsius": 20.5},
        {"id": "2", "sensor": "b", "celsius": 21},        # type_mismatch until coerce
        {"id": 3, "sensor": "c", "celsius": 300},         # expectation until mended
        '{"id": 4, "sensor": "d", "celsius": }',          # no JSON, ever
        {"id": "5", "sensor": "silent", "celsius": 1},    # left out of processed.latest
        {"id": 6, "sensor": "b", "celsius": 6},
    ]

    def test_from_reject_to_row_and_gone(self):
        self.project.broker(2)
        self.send(self.RECORDS)
        self.project.json("run", "--once")
        self.assertEqual(self.reasons(), ["expectation:sensible", "json_syntax", "type_mismatch",
                                          "type_mismatch"])
        self.look_at_it()
        before = self.places()

        # Nothing was mended: nothing would change, and a try changes nothing.
        done = self.project.sluice("quarantine", "replay", "--yes", "-o", "json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["still_bad"], 4)
        self.assertEqual(self.places(), before)

        self.rewrite(decode="coerce: true", hot="1000")
        refused = self.project.sluice("quarantine", "replay")
        self.assertEqual(refused.returncode, 78)
        self.assertIn("plan --accept", refused.stderr)
        self.project.ok("plan", "--accept")
        tried = self.project.sluice("quarantine", "replay")
        self.assertEqual(tried.returncode, 1)
        self.assertIn("3 would become rows, 0 skipped, 1 still refused", tried.stdout)
        self.assertIn("1 json_syntax", tried.stdout)
        self.assertIn("--yes", tried.stdout)
        self.assertEqual(self.places(), before)

        one = self.project.json("quarantine", "replay", "--reason", "expectation:*", "--yes")
        self.assertEqual((one["accepted"], one["commits"]), (1, 1))
        rest = self.project.sluice("quarantine", "replay", "--yes", "-o", "json")
        self.assertEqual(rest.returncode, 1)
        self.assertEqual(json.loads(rest.stdout)["accepted"], 2)
        self.check_after_replay()
        self.purge()

    def look_at_it(self):
        one = self.project.json("quarantine", "ls", "--reason", "json_syntax")[0]
        raw = self.project.ok("quarantine", "show", one["id"], "--raw")
        self.assertEqual(raw, self.RECORDS[3])
        text = self.project.ok("quarantine", "show", one["id"])
        self.assertIn("json_syntax", text)
        self.assertIn(self.RECORDS[3], text)
        self.assertEqual(self.reasons("--since", "1h", "--reason", "type_*"), ["type_mismatch"] * 2)
        self.assertEqual(self.reasons("--before", "1h"), [])
        self.assertEqual(self.reasons("--partition", "7"), [])
        for wrong in (("--since", "yesterday"), ("nonsense",), ("1/2",)):
            done = self.project.sluice("quarantine", "ls", *wrong)
            self.assertEqual(done.returncode, 64, done.stdout)

    def check_after_replay(self):
        self.assertEqual(self.reasons(), ["json_syntax"])
        self.assertEqual(len(self.reasons("--state", "resolved")), 3)
        rows = sorted(self.oracle.sql("SELECT id, sensor, celsius FROM public.readings"))
        self.assertEqual(rows, [(1, "A", 20.5), (2, "B", 21.0), (3, "C", 300.0),
                                (5, "SILENT", 1.0), (6, "B", 6.0)])
        held = self.places()
        bad = self.oracle.sql('SELECT partition, "offset" FROM sluice.quarantine '
                              "WHERE resolved_at IS NULL")
        self.assertEqual(len(held["raw.readings"]), 5)
        self.assertNotIn(bad[0], held["raw.readings"])
        self.assertEqual(held["raw.readings"], held["processed.readings"])
        self.assertEqual(held["raw.readings"], held["public.readings"])
        self.assertEqual(len(held["processed.latest"]), 4)
        # Record 2 is older than 6, however late it came.
        latest = self.oracle.sql("SELECT id FROM public.latest WHERE sensor = 'b'")
        newest = self.oracle.sql("SELECT id FROM public.readings WHERE sensor = 'B' "
                                 "ORDER BY _timestamp DESC, _partition DESC, _offset DESC LIMIT 1")
        self.assertEqual(latest, newest)
        self.assertTrue(self.project.json("verify")["ok"])

    def purge(self):
        done = self.project.sluice("quarantine", "purge")
        self.assertEqual(done.returncode, 64)
        self.assertIn("--before", done.stderr)
        self.assertIn("would delete 3 resolved",
                      self.project.ok("quarantine", "purge", "--before", "0s"))
        none = self.project.json("quarantine", "purge", "--before", "1h", "--yes")
        self.assertEqual(none["resolved"], 0)
        gone = self.project.json("quarantine", "purge", "--before", "0s", "--yes")
        self.assertEqual((gone["resolved"], gone["unresolved"]), (3, 0))
        gone = self.project.json("quarantine", "purge", "--before", "0s", "--unresolved", "--yes")
        self.assertEqual((gone["resolved"], gone["unresolved"]), (0, 1))
        self.assertEqual(self.reasons("--state", "all"), [])
        self.assertTrue(self.project.json("verify")["ok"])
        positions = self.project.json("status")["positions"]
        self.assertEqual(sum(p["purged"] for p in positions), 2, "once in each sink")

    def test_beside_a_worker_the_lake_comes_first(self):
        """What the lake has not passed is not touched; a kill leaves whole batches."""
        self.project.broker(2)
        self.rewrite(every="2s")
        run = self.project.start("run")
        self.send([{"id": str(i), "sensor": "s", "celsius": 1} for i in range(300)])
        wait_until(lambda: self.project.json("status")["quarantine"] != [], 60)
        soon = json.loads(self.project.sluice("quarantine", "replay", "-o", "json").stdout)
        self.assertEqual(soon["accepted"], 0)
        wait_until(lambda: self.waiting() == 0, 60)
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(timeout=60), 0, run.log.read_text(encoding="utf-8"))
        self.rewrite(every="2s", decode="coerce: true")
        self.project.ok("plan", "--accept")
        run = self.project.start("run")
        self.send([{"id": i, "sensor": "t", "celsius": 2} for i in range(1000)])
        for _ in range(6):
            replay = self.project.start("quarantine", "replay", "--yes", "--limit", "50")
            time.sleep(0.3)
            replay.send_signal(signal.SIGKILL)
            replay.wait()
        self.project.ok("quarantine", "replay", "--yes")
        wait_until(lambda: len(self.oracle.warehouse("public.readings")) == 1300, 60)
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(timeout=60), 0, run.log.read_text(encoding="utf-8"))
        held = self.places()
        self.assertEqual(len(set(held["raw.readings"])), 1300)
        self.assertEqual(held["raw.readings"], held["processed.readings"])
        self.assertEqual(held["raw.readings"], held["public.readings"])
        self.assertTrue(self.project.json("verify")["ok"])

    def waiting(self):
        tried = self.project.sluice("quarantine", "replay", "-o", "json")
        return json.loads(tried.stdout)["waiting"]


class StormTest(QuarantineCase):
    def test_stops_before_the_storm_and_goes_on_after_the_cure(self):
        self.project.broker(1)
        good = [{"id": i, "sensor": "a", "celsius": 1} for i in range(2000)]
        self.send(good + [{"id": str(i), "sensor": "a", "celsius": 1} for i in range(2000)])
        done = self.project.sluice("run", "--once")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("too many bad records", done.stderr)
        self.assertIn("type_mismatch", done.stderr)
        self.assertIn("--accept-storm", done.stderr)
        positions = self.project.json("status")["positions"]
        self.assertEqual({p["next"] for p in positions if p["partition"] == 0}, {2000})
        self.assertIn("quarantine_storm", positions[0]["stopped"])
        self.assertIn("is stopped: quarantine_storm", self.project.ok("status"))
        self.assertEqual(self.project.json("quarantine", "ls"), [])
        self.assertIn("of the last", self.project.ok("explain", "quarantine_storm").lower())
        self.assertEqual(self.project.sluice("run", "--once").returncode, 1, "it stays so")

        self.rewrite(decode="coerce: true")
        self.project.ok("plan", "--accept")
        done = self.project.json("run", "--once")
        self.assertEqual((done["ok"], done["quarantined"]), (2000, 0))
        self.assertIsNone(self.project.json("status")["positions"][0]["stopped"])
        self.assertTrue(self.project.json("verify")["ok"])

    def test_is_accepted_by_name_and_small_topics_have_none(self):
        self.project.broker(1)
        bad = [{"id": str(i), "sensor": "a", "celsius": 1} for i in range(800)]
        self.send(bad[:300])
        done = self.project.json("run", "--once")
        self.assertEqual(done["quarantined"], 300)
        self.send(bad)
        self.assertEqual(self.project.sluice("run", "--once").returncode, 1)
        done = self.project.json("run", "--once", "--accept-storm")
        self.assertEqual(done["quarantined"], 800)
        self.rewrite(more="quarantine: {storm: {share: 100%}}")
        self.send(bad)
        self.assertEqual(self.project.json("run", "--once")["quarantined"], 800)
        self.assertTrue(self.project.json("verify")["ok"])


if __name__ == "__main__":
    os.environ.setdefault("SLUICE_BIN", str(ROOT / "build/dev/bin/sluice"))
    unittest.main()
