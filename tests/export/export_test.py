"""`sluice export`: what other tools say of its files, and what it says of mistakes."""

import re
import shutil
import signal
import subprocess
import sys
import unittest
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402

DBT = ROOT / ".deps/dbt/bin/dbt"
SOURCES = "books_analytics/models/staging/sources.yml"
PROFILE = """books_analytics:
  target: test
  outputs:
    test: {{type: postgres, host: {host}, port: 5432, user: postgres, password: none,
           dbname: postgres, schema: public, threads: 2}}
"""


class ExportTest(unittest.TestCase):
    """Its tests go through one life of the books, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)
        cls.project = Project("books", DATABASE_URL=cls.postgres.conninfo)
        cls.addClassCleanup(cls.project.close)
        cls.project.write("profiles.yml", PROFILE.format(host=cls.postgres.folder))
        cls.models = cls.project.folder / "books_analytics/models"
        cls.too_early = cls.project.sluice("export", "superset")
        cls.project.broker()
        cls.project.ok("produce", "data/best-selling-books.csv")
        cls.project.ok("run", "--once")

    def dbt(self, *args):
        done = subprocess.run(
            [DBT, "--no-use-colors", *args, "--profiles-dir", self.project.folder,
             "--project-dir", self.project.folder / "books_analytics"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def refused(self, code, *args):
        done = self.project.sluice("export", *args)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def test_1_gold_comes_first(self):
        self.assertEqual(self.too_early.returncode, 78)
        self.assertIn("is not in the warehouse", self.too_early.stderr)
        self.assertIn("sluice run --once", self.too_early.stderr)

    def test_2_dbt_takes_the_sources_and_their_tests_pass(self):
        kept = self.project.folder / "kept.yml"
        shutil.copy(self.project.folder / SOURCES, kept)
        self.project.ok("export", "dbt-sources", "-o", SOURCES)
        self.assertIn("PASS", self.dbt("source", "freshness"))
        tested = self.dbt("test", "--select", "source:*")
        self.assertIn("Done. PASS=4", tested)
        self.assertNotIn("deprecat", self.dbt("parse", "--no-partial-parse").lower())
        shutil.move(kept, self.project.folder / SOURCES)

    def test_2_sources_say_what_the_table_is(self):
        document = yaml.safe_load(self.project.ok("export", "dbt-sources", "--name", "lakehouse",
                                                  "--warn-after", "30"))
        source = document["sources"][0]
        self.assertEqual((source["name"], source["schema"]), ("lakehouse", "public"))
        table = source["tables"][0]
        self.assertEqual(table["config"]["freshness"]["warn_after"],
                         {"count": 30, "period": "minute"})
        live = self.project.json("warehouse", "sql", "SELECT column_name, data_type FROM "
                                 "information_schema.columns WHERE table_name = 'books_silver' "
                                 "ORDER BY ordinal_position")
        self.assertEqual([(column["name"], column["data_type"]) for column in table["columns"]],
                         [(column["column_name"], column["data_type"]) for column in live])

    def promtool(self, *args):
        done = subprocess.run(["promtool", *args], cwd=self.project.folder, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_2_promtool_takes_the_alerts_and_they_ring(self):
        self.project.ok("export", "prometheus-rules", "-o", "rules.yml")
        self.assertIn("11 rules found", self.promtool("check", "rules", "rules.yml"))
        shutil.copy(ROOT / "tests/export/alerts.test.yml", self.project.folder)
        self.promtool("test", "rules", "alerts.test.yml")
        limits = self.project.ok("export", "prometheus-rules", "--lag", "5",
                                 "--quarantine-percent", "2.5")
        self.assertIn("> 5", limits)
        self.assertIn("> 0.025", limits)

    def test_2_alerts_ask_for_metrics_that_a_run_has(self):
        rules = self.project.ok("export", "prometheus-rules")
        asked = set(re.findall(r"\bsluice_\w+", rules))
        self.assertGreater(len(asked), 8)
        run = self.project.start("run", "--http", "127.0.0.1:0")

        def scraped():
            assert run.poll() is None, run.log.read_text()
            port = re.search(r"status page at http://[\d.]+:(\d+)/", run.log.read_text())
            if not port:
                return set()
            with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=10) as page:
                return set(re.findall(r"^# TYPE (\w+)", page.read().decode(), re.M))

        self.project.ok("produce", "data/best-selling-books.csv")
        try:
            wait_until(lambda: asked <= scraped(), 90)
        except AssertionError:
            self.fail(f"no run has {asked - scraped()}")
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(timeout=60), 0, run.log.read_text())

    def test_3_mistakes_name_their_place(self):
        exposures = self.models / "marts/exposures.yml"
        text = exposures.read_text(encoding="utf-8")
        for right, wrong, told in (
                ("type: pie", "type: cake", "one of number, bar, line, pie"),
                ("metric: copies_sold,", "metric: copies,", "its metrics are books, authors"),
                ("by: genre", "by: gender", "which is no column of fact_books"),
                ("filters:", "filter:", "did you mean `filters`?")):
            with self.subTest(wrong):
                exposures.write_text(text.replace(right, wrong, 1), encoding="utf-8")
                told_now = self.refused(78, "superset")
                self.assertIn(told, told_now)
                self.assertIn("models/marts/exposures.yml", told_now)
        exposures.write_text(text.replace("exposures:", "exposures", 1), encoding="utf-8")
        self.assertIn("dbt", self.refused(78, "superset"))
        exposures.write_text(text, encoding="utf-8")

    def test_4_a_folder_for_version_control(self):
        folder = self.project.folder / "bi"
        self.project.ok("export", "superset", "--dir", "bi")
        documents = {path.relative_to(folder).as_posix(): yaml.safe_load(path.read_text())
                     for path in folder.rglob("*.yaml")}
        self.assertEqual(documents["metadata.yaml"], {"version": "1.0.0", "type": "assets"})
        stale = folder / "charts/stale.yaml"
        stale.write_text("{}", encoding="utf-8")
        self.project.ok("export", "superset", "--dir", "bi")
        self.assertFalse(stale.exists())
        self.assertIn("holds something else", self.refused(64, "superset", "--dir", "data"))
        self.assertTrue((self.project.folder / "data/best-selling-books.csv").exists())
        self.assertIn("cannot be written", self.refused(64, "dbt-sources", "-o", "sluice.yml/x"))
        self.assertIn("excludes", self.refused(64, "superset", "--dir", "bi", "-o", "x.zip"))

    def test_4_another_address_and_no_secret(self):
        self.project.ok("export", "superset", "--dir", "away", "--warehouse-url",
                        "postgres://reader:secret@db.example.com:6000/w")
        text = (self.project.folder / "away/databases/books.yaml").read_text(encoding="utf-8")
        self.assertIn("reader:XXXXXXXXXX@db.example.com:6000/w?sslmode=verify-full", text)
        self.assertNotIn("secret", text)


if __name__ == "__main__":
    unittest.main()
