"""A CSV that nobody knows: `sluice init --from`, run unedited, ends in tested gold."""
import csv
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from project import Project, wait_until  # noqa: E402

HEADER = ["Event ID", "Time (UTC)", "Day", "Magnitude", "Place, Region", "Felt?", "Reports",
          "order", "zip"]


def rows():
    for i in range(300):
        yield [f"us{i:05d}", f"2025-{1 + i % 12:02d}-11 23:{i % 60:02d}:02",
               f"2025-01-{1 + i % 28:02d}",
               "" if i % 20 == 0 else f"{i % 80 / 10:.1f}", ['Los Ángeles, "CA"', "Zürich"][i % 2],
               ["true", "false", ""][i % 3], str(i), "x", f"0{1000 + i}"]


class InitFromCsvTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project()
        cls.csv = cls.project.folder / "Earth quakes.csv"
        with open(cls.csv, "w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows([HEADER, *rows()])
        cls.said = cls.project.ok("init", ".", "--from", "Earth quakes.csv")
        cls.project.ok("validate", "--offline")
        cls.streaming = cls.project.start("run")
        cls.project.ok("produce", "Earth quakes.csv")
        wait_until(lambda: any(p["ok"] > 0 for p in cls.project.json("status")["positions"]), 60)
        cls.streaming.send_signal(signal.SIGTERM)
        cls.exit_code = cls.streaming.wait(timeout=90)

    @classmethod
    def tearDownClass(cls):
        cls.project.close()

    def query(self, sql):
        return self.project.json("warehouse", "sql", sql)

    def test_it_runs_and_stops_in_order(self):
        self.assertEqual(self.exit_code, 0, self.streaming.log.read_text(encoding="utf-8"))
        self.assertIn("sluice produce", self.said)

    def test_every_row_is_there_with_its_types(self):
        row = self.query("SELECT count(*) AS n, count(magnitude) AS m, sum(reports) AS r,"
                         " count(felt) AS f, max(pg_typeof(time_utc)::text) AS t,"
                         " max(pg_typeof(felt)::text) AS b, max(pg_typeof(day)::text) AS d,"
                         " min(zip) AS zip FROM earth_quakes")[0]
        self.assertEqual(row, {"n": "300", "m": "285", "r": str(sum(range(300))), "f": "200",
                               "t": "timestamp without time zone", "b": "boolean", "d": "date",
                               "zip": "01000"})

    def test_gold_is_built_and_tested(self):
        self.assertEqual(self.query("SELECT count(*) AS n FROM earth_quakes_mart"), [{"n": "300"}])
        gold = self.project.json("status")["gold"]
        self.assertTrue(gold["ok"])
        self.assertEqual(gold["tests"], 2)

    def test_a_broken_file_makes_nothing(self):
        (self.project.folder / "broken.csv").write_text('a,b\n1,"2\n', encoding="utf-8")
        done = self.project.sluice("init", "other", "--from", "broken.csv")
        self.assertEqual(done.returncode, 65)
        self.assertIn("broken.csv:2:", done.stderr)
        self.assertFalse((self.project.folder / "other").exists())


if __name__ == "__main__":
    unittest.main()
