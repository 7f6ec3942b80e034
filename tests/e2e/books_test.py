"""The books, from CSV to gold, on a broker and a PostgreSQL that outlive the runs."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import foreign_checker  # noqa: E402
from oracle import Oracle  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project  # noqa: E402

CSV = "data/best-selling-books.csv"
SHARED_CHECKER = ROOT.parent / "shared/tools/check_iceberg.py"


class BooksTest(unittest.TestCase):
    """Its tests go through one life of the project, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.project = Project("books", DATABASE_URL=cls.postgres.conninfo)
        cls.project.broker()
        cls.acks = cls.project.folder / "acks.jsonl"
        cls.oracle = Oracle(cls.postgres.conninfo, cls.postgres.uri, cls.acks)
        cls.sent = cls.project.json("produce", CSV, "--acks", cls.acks)
        cls.planned = cls.project.json("plan")
        cls.first = cls.project.json("run", "--once")

    @classmethod
    def tearDownClass(cls):
        cls.project.close()
        cls.postgres.close()

    def one(self, query):
        return self.oracle.sql(query)[0][0]

    def gold(self):
        return self.oracle.sql("SELECT (SELECT count(*) FROM dim_author), count(*), "
                               "sum(sales_millions) FROM fact_books")[0]

    def test_1_every_stage_counts_174(self):
        self.assertEqual((self.sent["rows"], self.sent["acknowledged"]), (174, 174))
        self.assertEqual([self.first[key] for key in ("records", "ok", "quarantined", "skipped")],
                         [174, 174, 0, 0])
        self.assertEqual(len(self.oracle.lake("raw.books")), 174)
        self.assertEqual(len(self.oracle.lake("processed.books")), 174)
        self.assertEqual(self.one("SELECT count(*) FROM public.books_silver"), 174)
        authors, books, sales = self.gold()
        self.assertEqual((authors, books, float(sales)), (157, 174, 5236.9))

    def test_1_content_is_the_csvs(self):
        rows = {row[2]: row[3:] for row in
                self.oracle.lake("raw.books", "Book", "Author(s)", "First published", "Genre")}
        self.assertEqual(rows["Dream of the Red Chamber (紅樓夢)"],
                         ("Cao Xueqin", 1791, "Family saga"))
        self.assertEqual(sum(1 for row in rows.values() if row[2] is None), 56)
        silver = self.oracle.sql("SELECT authors, first_published_year, sales_millions FROM "
                                 "books_silver WHERE book_title = 'The Little Prince (Le Petit "
                                 "Prince)'")
        self.assertEqual(silver, [("Antoine de Saint-Exupéry", 1943, 200.0)])

    def test_1_plan_wrote_nothing_and_said_what_would_be(self):
        self.assertEqual({change["table"]: change["action"] for change in self.planned["tables"]},
                         {"raw.books": "create", "processed.books": "create",
                          "public.books_silver": "create"})
        self.assertEqual(self.planned["positions"], [])

    def test_2_dbt_results_are_shown_and_kept(self):
        self.assertTrue(self.first["gold"]["ok"])
        self.assertEqual(self.first["gold"]["models"], 3)
        kept = self.one("SELECT bool_and(ok) FROM sluice.dbt_run")
        self.assertTrue(kept)
        tests = self.one("SELECT count(*) FROM sluice.dbt_node WHERE kind = 'test'")
        self.assertGreaterEqual(tests, 5)

    def test_2_oracle_and_verify_agree(self):
        self.assertEqual(self.oracle.compare(["raw.books", "processed.books"],
                                             ["public.books_silver"]), [])
        report = self.project.json("verify")
        self.assertTrue(report["ok"])
        self.assertGreater(report["rows"], 500)

    def test_2_our_checker_finds_no_fault(self):
        self.check(ROOT / "tests/tools/check_lake.py")

    @unittest.skipUnless(SHARED_CHECKER.exists(), "a clone without ../shared has no such checker")
    def test_2_the_other_checker_finds_no_fault(self):
        for table in ("raw.books", "processed.books"):
            done = foreign_checker.run(
                SHARED_CHECKER, "--uri", self.postgres.uri, "--warehouse",
                self.project.folder / "lake", "--table", table, "--catalog", "lake",
                "--all-snapshots", "--orphans")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check(self, checker):
        for table in ("raw.books", "processed.books"):
            done = subprocess.run(
                [sys.executable, checker, "--conninfo", self.postgres.conninfo, "--table", table],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_3_nothing_new_changes_nothing(self):
        again = self.project.json("run", "--once")
        self.assertEqual(again["records"], 0)
        self.assertEqual(len(self.oracle.lake("raw.books")), 174)

    def test_4_the_file_again_is_history_in_bronze_only(self):
        before = self.gold()
        self.project.ok("produce", CSV, "--acks", self.acks)
        self.assertEqual(self.project.json("run", "--once")["records"], 174)
        self.assertEqual(len(self.oracle.lake("raw.books")), 348)
        self.assertEqual(self.one("SELECT count(*) FROM public.books_silver"), 174)
        self.assertEqual(self.gold(), before)
        self.check(ROOT / "tests/tools/check_lake.py")

    def test_5_tables_can_be_looked_at(self):
        tables = {row["table"]: row for row in self.project.json("tables", "ls")}
        self.assertEqual(tables["raw.books"]["records"], "348")
        columns = self.project.json("tables", "show", "raw.books")["columns"]
        self.assertEqual(columns[1]["name"], "Author(s)")
        self.assertEqual(len(self.project.json("tables", "snapshots", "raw.books")), 2)
        rows = self.project.json("tables", "sql",
                                 'SELECT count(*) AS n FROM raw.books WHERE "Book" '
                                                  "LIKE 'Harry Potter%'")
        self.assertEqual(rows, [{"n": "14"}])
        counted = self.project.json("warehouse", "sql", "SELECT count(*) AS n FROM fact_books")
        self.assertEqual(counted, [{"n": "174"}])

    def test_6_a_failing_dbt_test_is_exit_1_and_stops_nothing(self):
        path = self.project.folder / "books_analytics/tests/no_tolkien.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text("select * from {{ ref('fact_books') }} where author_name like '%Tolkien%'")
        self.project.ok("produce", CSV, "--acks", self.acks)
        done = self.project.sluice("run", "--once")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("no_tolkien", done.stderr)
        self.assertEqual(len(self.oracle.lake("raw.books")), 522)
        path.unlink()

    def test_7_verify_sees_a_lost_row_and_a_lost_file(self):
        self.oracle_execute("DELETE FROM public.books_silver WHERE book_title LIKE 'The Hobbit'")
        done = self.project.sluice("verify")
        self.assertEqual(done.returncode, 70)
        self.assertIn("DIFFERS", done.stdout)
        data = sorted((self.project.folder / "lake/raw/books/data").rglob("*.parquet"))
        os.rename(data[0], str(data[0]) + ".gone")
        done = self.project.sluice("verify")
        os.rename(str(data[0]) + ".gone", data[0])
        self.assertEqual(done.returncode, 70)
        self.assertIn(data[0].name, done.stdout)

    def oracle_execute(self, statement):
        import psycopg
        with psycopg.connect(self.postgres.conninfo) as connection:
            connection.execute(statement)

    def test_8_a_changed_transform_needs_the_operators_word(self):
        path = self.project.folder / "sluice.yml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("sales_millions > 0", "sales_millions > 1"), encoding="utf-8")
        done = self.project.sluice("run", "--once")
        self.assertEqual(done.returncode, 78)
        self.assertIn("E0403", done.stderr)
        self.project.ok("plan", "--accept")
        self.project.ok("run", "--once")


if __name__ == "__main__":
    unittest.main()
