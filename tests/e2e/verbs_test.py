"""The verbs as a newcomer uses them, mistakes included. Everything embedded."""

import json
import os
import signal
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from project import Project, wait_until  # noqa: E402

BRONZE_ONLY = """
version: 1
pipeline: lake_only
source: {kafka: embedded, topic: readings}
lake: ./lake
warehouse: embedded
bronze:
  raw.readings:
    format: json
    columns: {sensor: string, celsius: int}
"""


class InitTest(unittest.TestCase):
    """`sluice init`, then its README's three commands."""

    @classmethod
    def setUpClass(cls):
        cls.project = Project()
        cls.made = cls.project.json("init", ".")
        cls.streaming = cls.project.start("run")
        cls.sent = cls.project.json("produce", "data/sample.csv")
        wait_until(lambda: any(p["ok"] > 0 for p in cls.project.json("status")["positions"]), 60)
        cls.status = cls.project.json("status")
        cls.streaming.send_signal(signal.SIGTERM)
        cls.exit_code = cls.streaming.wait(timeout=90)

    @classmethod
    def tearDownClass(cls):
        cls.project.close()

    def test_project_runs_unedited_and_stops_in_order(self):
        self.assertIn("sluice.yml", self.made["files"])
        self.assertEqual(self.sent["acknowledged"], 20)
        self.assertEqual(self.exit_code, 0, self.streaming.log.read_text(encoding="utf-8"))

    def test_stop_makes_the_marks_equal(self):
        positions = self.project.json("status")["positions"]
        self.assertEqual({p["next"] for p in positions}, {20})
        self.assertEqual({p["ok"] for p in positions}, {19})
        self.assertEqual({p["quarantined"] for p in positions}, {1})

    def test_quarantine_has_the_raw_record_and_the_reason(self):
        listed = self.project.json("quarantine", "ls")
        self.assertEqual([row["reason"] for row in listed], ["expectation:sensible"])
        shown = self.project.json("quarantine", "show", listed[0]["id"])
        self.assertEqual(json.loads(bytes.fromhex(shown["value_hex"]))["celsius"], 999.9)
        text = self.project.ok("quarantine", "show", listed[0]["id"])
        self.assertIn("expectation:sensible", text)
        done = self.project.sluice("quarantine", "show", "1/0/5")
        self.assertEqual(done.returncode, 64)

    def test_gold_was_built_after_the_drain(self):
        rooms = self.project.json("warehouse", "sql", "SELECT count(*) AS n FROM room_climate")
        self.assertEqual(rooms, [{"n": "4"}])
        self.assertTrue(self.project.json("status")["gold"]["ok"])

    def test_verify_is_complete(self):
        self.assertTrue(self.project.json("verify")["ok"])
        self.assertIn("complete", self.project.ok("verify"))

    def test_init_overwrites_nothing(self):
        done = self.project.sluice("init", ".")
        self.assertEqual(done.returncode, 64)
        self.assertIn("exists already", done.stderr)

    def test_doctor_finds_it_well(self):
        findings = self.project.json("doctor")
        self.assertTrue(all(finding["ok"] for finding in findings), findings)

    def test_nothing_is_left_running(self):
        wait_until(lambda: not self.servers(), 20)

    def servers(self):
        mine = str(self.project.folder / ".sluice")
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    found += [entry.name] if mine in (entry / "cmdline").read_text() else []
                except OSError:
                    pass
        return found


class MistakesTest(unittest.TestCase):
    def setUp(self):
        self.project = Project()
        self.addCleanup(self.project.close)

    def fails(self, code, text, *args, **options):
        done = self.project.sluice(*args, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(text, done.stdout + done.stderr)
        return done

    def test_usage(self):
        self.fails(64, "produce", "prodce")
        self.fails(64, "--workers", "run", "--workers", "0")
        self.fails(64, "E0107", "explain", "E017")
        self.assertIn("fromat", self.project.ok("explain", "E0107"))

    def test_no_pipeline_file(self):
        self.fails(78, "sluice init", "validate")

    def test_every_mistake_of_the_file_at_once(self):
        self.project.write("sluice.yml", BRONZE_ONLY.replace("format: json", "fromat: json")
                           .replace("celsius: int", "celsius: integer"))
        done = self.fails(78, "did you mean `format`?", "validate", "--offline")
        self.assertIn("error[E0107]", done.stderr)
        self.assertIn("integer", done.stderr)
        errors = json.loads(self.project.sluice("validate", "--offline", "-o", "json").stdout)
        self.assertGreaterEqual(len(errors["errors"]), 2)

    def test_sql_that_is_not_row_wise_has_its_place(self):
        self.project.write("sluice.yml", BRONZE_ONLY + """
silver:
  processed.readings:
    from: raw.readings
    sql: |
      SELECT sensor,
             max(celsius) AS hottest
      FROM raw.readings
""")
        done = self.fails(78, "error[E0301]", "validate", "--offline")
        self.assertRegex(done.stderr, r"sluice\.yml:\d+:14")

    def test_broken_csv_sends_nothing_and_names_the_line(self):
        self.project.write("sluice.yml", BRONZE_ONLY)
        self.project.broker()
        self.project.write("bad.csv", 'sensor,celsius\na,1\nb,2,3\n')
        self.fails(65, "bad.csv:3:", "produce", "bad.csv")

    def test_services_that_stay_away(self):
        self.project.write("sluice.yml", BRONZE_ONLY.replace(
            "warehouse: embedded", "warehouse: postgres://nobody@127.0.0.1:9/x"))
        self.fails(69, "PostgreSQL", "run", "--once", "--wait", "1")
        self.project.write("sluice.yml", BRONZE_ONLY.replace(
            "kafka: embedded", "kafka: '127.0.0.1:9'"))
        self.fails(69, "127.0.0.1:9", "run", "--once", "--wait", "1")
        self.project.write("sluice.yml", BRONZE_ONLY)
        self.fails(69, "sluice run", "produce", "-", "--wait", "1", stdin="a\n1\n")

    def test_verbs_before_the_first_run(self):
        self.project.write("sluice.yml", BRONZE_ONLY)
        self.assertIn("nothing was read yet", self.project.ok("status"))
        self.assertIn("empty", self.project.ok("quarantine", "ls"))
        self.assertIn("no tables yet", self.project.ok("tables", "ls"))
        self.assertIn("create", self.project.ok("plan"))
        self.project.ok("verify")
        self.fails(64, "no table", "tables", "show", "raw.nothing")

    def test_help_names_every_verb(self):
        text = self.project.ok("--help")
        for verb in ("init", "validate", "plan", "run", "produce", "status", "quarantine", "tables",
                     "verify", "doctor", "explain", "version"):
            self.assertIn(verb, text)
        self.assertIn("librdkafka", self.project.ok("version"))


class LakeOnlyTest(unittest.TestCase):
    """A pipeline without silver: rejects ride with the lake's commits."""

    def test_bronze_and_quarantine(self):
        project = Project(pipeline=BRONZE_ONLY)
        self.addCleanup(project.close)
        project.broker()
        project.write("a.csv", "sensor,celsius,extra\na,1,x\nb,two,y\nc,,\n")
        project.ok("produce", "a.csv", "--type", "celsius=string")
        done = project.json("run", "--once")
        self.assertEqual((done["ok"], done["quarantined"]), (1, 2))
        rows = project.json("tables", "sql", "SELECT sensor, celsius, _rest FROM raw.readings")
        self.assertEqual(rows, [{"sensor": "c", "celsius": None, "_rest": '{"extra":null}'}])
        reasons = {row["reason"] for row in project.json("quarantine", "ls")}
        self.assertEqual(reasons, {"type_mismatch"})
        self.assertTrue(project.json("verify")["ok"])


class OrdersTest(unittest.TestCase):
    """Nested types, day partitions, two silver tables, append and upsert, and bad records."""

    def test_every_record_is_a_row_or_has_a_reason(self):
        project = Project("orders")
        self.addCleanup(project.close)
        project.broker()
        project.ok("produce", "data/orders.jsonl")
        done = project.json("run", "--once")
        self.assertEqual((done["ok"], done["quarantined"]), (7, 5))
        reasons = sorted(row["reason"] for row in project.json("quarantine", "ls"))
        self.assertEqual(reasons, ["decimal_scale", "expectation:has_lines", "json_syntax",
                                   "number_not_integral", "timestamp_no_zone"])
        totals = project.json("warehouse", "sql", "SELECT order_id, total FROM orders ORDER BY 1")
        self.assertEqual(totals[0], {"order_id": "1001", "total": "45.48"})
        self.assertEqual(len(totals), 6)
        rest = project.json("tables", "sql", "SELECT _rest FROM raw.orders WHERE order_id = 1003")
        self.assertEqual(json.loads(rest[0]["_rest"])["coupon"]["code"], "WINTER")
        days = (project.folder / "lake/processed/orders/data").iterdir()
        self.assertEqual(sorted(day.name for day in days),
                         [f"ordered_at_day=2026-01-0{day}" for day in (5, 6, 7)])
        self.assertTrue(project.json("verify")["ok"])


class PrivateServerTest(unittest.TestCase):
    def test_kill_9_leaves_data_and_no_server(self):
        project = Project(pipeline=BRONZE_ONLY)
        self.addCleanup(project.close)
        project.broker()
        project.write("a.csv", "sensor,celsius\n" + "a,1\n" * 100)
        project.ok("produce", "a.csv")
        project.ok("run", "--once")
        run = project.start("run")
        time.sleep(2)
        run.kill()
        run.wait()
        rows = project.json("tables", "sql", "SELECT count(*) AS n FROM raw.readings")
        self.assertEqual(rows, [{"n": "100"}])


if __name__ == "__main__":
    os.environ.setdefault("SLUICE_BIN", str(ROOT / "build/dev/bin/sluice"))
    unittest.main()
