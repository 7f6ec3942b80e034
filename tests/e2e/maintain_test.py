"""`sluice maintain` as one uses it: by hand, by dry run, and by itself beside a run."""

import json
import os
import re
import sys
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.path.insert(0, str(ROOT / "tests/tools"))
import check_lake  # noqa: E402
import psycopg  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402

PIPELINE = """
version: 1
pipeline: readings
source: {kafka: embedded, topic: readings}
lake: {root: ./lake, every: 100ms}
warehouse: ${DATABASE_URL}
bronze:
  raw.readings: {format: json, columns: {id: long, sensor: string}}
silver:
  processed.readings:
    from: raw.readings
    sql: SELECT id, upper(sensor) AS sensor FROM raw.readings
    warehouse: {table: public.readings, mode: append}
"""
NOW = ("--keep-snapshots", "1", "--snapshot-age", "0")


class MaintainTest(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres()
        self.addCleanup(self.postgres.close)

    def project(self):
        project = Project(pipeline=PIPELINE, DATABASE_URL=self.postgres.conninfo)
        self.addCleanup(project.close)
        return project

    def fill(self, project, commits):
        """So many lake commits, of one record each."""
        run = project.start("run", "--http", "off")
        for number in range(commits):
            before = self.commits('lake')
            project.ok("produce", "-", "--lines", stdin=json.dumps({"id": number, "sensor": "a"}))
            wait_until(lambda: self.commits('lake') > before or run.poll())
        self.stop(run)

    @staticmethod
    def stop(run):
        run.terminate()
        assert run.wait(timeout=60) == 0, run.log.read_text()

    def connect(self):
        return psycopg.connect(self.postgres.conninfo, autocommit=True)

    def count(self, relation):
        """Rows of it; 0 while it does not exist."""
        with self.connect() as connection:
            try:
                return connection.execute(f"SELECT count(*) FROM {relation}").fetchone()[0]
            except psycopg.errors.UndefinedTable:
                return 0

    def commits(self, sink):
        return self.count(f"sluice.commit WHERE sink = '{sink}'")

    def check(self, project, orphans=True):
        for name in ("raw.readings", "processed.readings"):
            problems = check_lake.check_table(self.postgres.conninfo, name, orphans=orphans)
            self.assertEqual(problems.lines, [])
        project.ok("verify")

    def files(self, project):
        return sorted(str(path) for path in (project.folder / "lake").rglob("*") if path.is_file())

    def test_by_hand(self):
        project = self.project()
        self.assertIn("nothing in the lake yet", project.ok("maintain"))
        self.fill(project, 6)
        before = self.files(project)

        dry = project.json("maintain", "--dry-run", *NOW)
        self.assertEqual(self.files(project), before)
        self.assertTrue(dry["dry_run"])
        self.assertIn("dry run", project.ok("maintain", "--dry-run", *NOW))

        text = project.ok("maintain", "raw.readings", *NOW)
        self.assertIn("raw.readings", text)
        self.assertNotIn("processed.readings", text)
        self.assertRegex(text, r"6 → 1\b")
        self.check(project)

        done = project.json("maintain", *NOW)
        tables = {table["table"]: table for table in done["tables"]}
        silver, planned = tables["processed.readings"], dry["tables"][1]
        self.assertEqual((silver["files_before"], silver["files_after"]), (6, 1))
        self.assertEqual(planned["files_after"], 1)
        self.assertEqual(silver["compacted_files"], 6)
        self.assertGreater(silver["snapshots_expired"], 3)
        self.assertGreater(silver["objects_deleted"], 10)
        self.assertEqual(tables["raw.readings"]["compacted_files"], 0)
        self.check(project)
        rows = project.json("tables", "sql", "SELECT count(*) AS n FROM processed.readings")
        self.assertEqual(str(rows[0]["n"]), "6")

        again = project.json("maintain", *NOW)
        self.assertEqual({(table["commits"], table["objects_deleted"], table["orphans_deleted"])
                          for table in again["tables"]}, {(0, 0, 0)})

    def test_mistakes(self):
        project = self.project()
        for given, message in (("raw.reading", "no lake table of this pipeline"),
                               ("readings", "names no table")):
            done = project.sluice("maintain", given)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn(message, done.stderr)
        for flag, given, message in (("--orphans-after", "5m", "must be 1 h at least"),
                                     ("--snapshot-age", "soon", "must be a duration"),
                                     ("--keep-snapshots", "0", "--keep-snapshots")):
            done = project.sluice("maintain", flag, given)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn(message, done.stderr)

    def test_only_one_at_a_time(self):
        project = self.project()
        project.ok("run", "--once", "--http", "off")
        with self.connect() as other:
            other.execute(
                "SELECT pg_advisory_lock(hashtext('sluice maintenance'), hashtext('readings'))")
            done = project.sluice("maintain", "--wait", "0")
            self.assertEqual(done.returncode, 69)
            self.assertIn("another process maintains", done.stderr)
        project.ok("maintain")

    def test_old_orphans_go_and_young_ones_stay(self):
        project = self.project()
        self.fill(project, 2)
        data = project.folder / "lake/raw/readings/data"
        for name, age in (("old.parquet", 5 * 86400), ("young.parquet", 86400)):
            (data / name).write_bytes(b"x")
            then = time.time() - age
            os.utime(data / name, (then, then))
        done = project.json("maintain", "raw.readings")
        self.assertEqual(done["tables"][0]["orphans_deleted"], 1)
        self.assertFalse((data / "old.parquet").exists())
        self.assertTrue((data / "young.parquet").exists())

    def test_beside_the_stream(self):
        project = self.project()
        run = project.start("run", "--http", "off")
        for number in range(40):
            project.ok("produce", "-", "--lines", stdin=json.dumps({"id": number, "sensor": "a"}))
            if number % 8 == 7:
                project.ok("maintain", *NOW)
        wait_until(lambda: self.count("public.readings") == 40)
        self.stop(run)
        self.assertGreater(self.commits("maintain"), 4)
        self.check(project)
        table = project.json("tables", "show", "raw.readings")
        self.assertEqual(table["records"], "40")
        self.assertLess(int(table["files"]), 20)

    def test_by_itself_beside_the_stream(self):
        project = self.project()
        project.write("sluice.yml", PIPELINE +
                      "maintenance: {snapshots: {keep: 3, age: 0}, every: 1s}\n")
        run = project.start("run", "--http", "127.0.0.1:0")
        address = self.address(run)
        sent = self.send(project, 0, 10)
        rounds = self.maintenance(address)["rounds"]
        wait_until(lambda: self.maintenance(address)["rounds"] > rounds + 3)
        self.assertEqual(self.commits("maintain"), 0, "so little is not worth a commit")
        while self.commits("maintain") < 4:  # each table compacted and expired
            sent = self.send(project, sent, 30)
            self.assertLess(sent, 1000)
        status = self.maintenance(address)
        self.assertEqual((status["failures"], status["error"]), (0, None))
        self.assertGreater(status["compacted_files"], 50)
        self.assertGreater(status["expired_snapshots"], 50)
        self.assertGreater(status["deleted_objects"], 50)
        self.stop(run)
        self.check(project, orphans=False)
        project.ok("maintain")
        self.check(project, orphans=False)  # a stop in mid-work leaves files, for a while
        table = project.json("tables", "show", "raw.readings")
        self.assertEqual(table["records"], str(sent))
        self.assertLess(int(table["files"]), 8)

    def test_switched_off(self):
        project = self.project()
        project.write("sluice.yml", PIPELINE + "maintenance: off\n")
        run = project.start("run", "--http", "127.0.0.1:0")
        self.assertIsNone(self.maintenance(self.address(run)))
        self.stop(run)
        self.assertFalse(project.json("validate")["maintenance"]["on"])
        for verb in ("plan", "status"):
            self.assertIn("maintenance of the lake: off", project.ok(verb))

    def test_on_unless_switched_off(self):
        project = self.project()
        for verb in ("validate", "plan", "status"):
            shown = project.json(verb)["maintenance"]
            self.assertTrue(shown["on"])
            self.assertEqual((shown["every_ms"], shown["keep_snapshots"]), (60_000, 100))
        self.assertIn("maintenance of the lake: looked after every", project.ok("plan"))
        self.fill(project, 2)
        project.ok("maintain")
        self.assertRegex(project.ok("status"), r"\n  2 commits, the last at 20")
        self.assertEqual(project.json("status")["maintenance"]["commits"], 2)

    def test_a_stop_ends_it_soon(self):
        project = self.project()
        project.write("sluice.yml", PIPELINE + "maintenance: {every: 1s}\n")
        project.env["FP"] = "compact_file:delay:1:1:300"
        run = project.start("run", "--http", "off")
        while self.commits("maintain") == 0 and "failpoint" not in run.log.read_text():
            self.send(project, self.count("public.readings"), 20)
        start = time.monotonic()
        self.stop(run)
        self.assertLess(time.monotonic() - start, 4)
        self.check(project, orphans=False)

    def send(self, project, first, count):
        """So many records more, slow enough for a commit of each; returns how many there are."""
        lines = "".join(json.dumps({"id": number, "sensor": "a"}) + "\n"
                        for number in range(first, first + count))
        project.ok("produce", "-", "--lines", "--delay", "120", stdin=lines)
        wait_until(lambda: self.count("public.readings") == first + count)
        return first + count

    @staticmethod
    def address(run):
        """Where the run answers."""
        found = re.compile(r"http://127\.0\.0\.1:\d+")
        wait_until(lambda: found.search(run.log.read_text()) or run.poll() is not None)
        return found.search(run.log.read_text())[0]

    @staticmethod
    def maintenance(address):
        with urllib.request.urlopen(f"{address}/api/v1/status", timeout=10) as reply:
            return json.load(reply)["maintenance"]


if __name__ == "__main__":
    unittest.main()
