"""Bundles of `sluice export superset` in a real Superset: imported, asked for rows, looked at.

With SLUICE_SCREENSHOTS=FOLDER the dashboards' pictures are kept there.
"""

import io
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from dashboards import Viewer  # noqa: E402
from project import Project  # noqa: E402
from stack import shared  # noqa: E402
from superset import PASSWORD, Client, Superset  # noqa: E402

IMPORT = ROOT / "packaging/superset/import_bundle.py"
BROKEN = '{"Book": 1\nno json\n{"Book": "No author", "First published": "soon"}\n'


def setUpModule():
    global superset, stack, browser_folder
    superset = Superset()
    stack = shared("postgres")
    kept = os.environ.get("SLUICE_SCREENSHOTS")
    browser_folder = Path(kept or tempfile.mkdtemp(prefix="sluice-screenshots-"))


def tearDownModule():
    superset.close()


def warehouse_password():
    return stack.postgres.settings["password"]


def import_bundle(path, password=PASSWORD, first=True):
    env = {"PATH": os.environ["PATH"], "SUPERSET_URL": superset.url, "SUPERSET_PASSWORD": password}
    if first:
        env["SUPERSET_WAREHOUSE_PASSWORD"] = warehouse_password()
    return subprocess.run([sys.executable, IMPORT, path], env=env, capture_output=True, text=True,
                          timeout=120, check=False)


class Exported(unittest.TestCase):
    """A project that has run; its bundle is in Superset."""

    example = None
    records = ()
    database = None

    @classmethod
    def setUpClass(cls):
        if cls.example is None:
            raise unittest.SkipTest("the base of the others")
        cls.project = Project(cls.example, DATABASE_URL=stack.database())
        cls.addClassCleanup(cls.project.close)
        cls.project.broker()
        for arguments in cls.records:
            cls.project.ok("produce", *arguments)
            cls.project.ok("run", "--once", timeout=300)
        cls.project.ok("export", "superset", "-o", "bundle.zip")
        cls.bundle = cls.project.folder / "bundle.zip"
        superset.wait()
        cls.before_import()
        done = import_bundle(cls.bundle)
        assert done.returncode == 0, done.stderr + superset.log.read_text(encoding="utf-8")[-4000:]
        cls.client = Client(superset)
        cls.viewer = Viewer(cls.client, browser_folder)
        cls.addClassCleanup(cls.viewer.close)

    @classmethod
    def before_import(cls):
        pass

    def assert_all_charts_answer(self, may_be_empty=()):
        charts = self.viewer.charts(self.database)
        self.assertGreater(len(charts), 5)
        for name, chart in charts.items():
            with self.subTest(name):
                answer = self.client.get(f"/api/v1/chart/{chart['id']}/data/")["result"][0]
                self.assertEqual(answer["status"], "success")
                if name not in may_be_empty:
                    self.assertGreater(answer["rowcount"], 0)

    def assert_types(self):
        for name, dataset in self.viewer.datasets(self.database).items():
            path = f"/api/v1/dataset/{dataset['id']}"
            exported = self.client.get(path)["result"]["columns"]
            self.client.put(path + "/refresh")
            found = self.client.get(path)["result"]["columns"]
            with self.subTest(name):
                self.assertEqual({column["column_name"]: column["type"] for column in found},
                                 {column["column_name"]: column["type"] for column in exported})

    def assert_looks_right(self, slug, may_be_empty=()):
        seen = self.viewer.look(slug)
        self.assertEqual(seen.errors, [])
        self.assertGreater(len(seen.rows), 4)
        for chart, rows in seen.rows.items():
            # The page asks by itself, from `params`; the API by the stored `query_context`.
            answer = self.client.get(f"/api/v1/chart/{chart}/data/")["result"][0]
            # Of several series at one place of the axis the page makes one row.
            places = len({str(list(row.values())[0]) for row in answer["data"]})
            with self.subTest(seen.names[chart]):
                self.assertIn(rows, (answer["rowcount"], places))
        empty = {seen.names[chart] for chart, rows in seen.rows.items() if rows == 0}
        self.assertLessEqual(empty, set(may_be_empty))


class BooksTest(Exported):
    example, database = "books", "books"

    @classmethod
    def setUpClass(cls):
        broken = tempfile.NamedTemporaryFile("w", suffix=".jsonl")
        with broken:
            broken.write(BROKEN)
            broken.flush()
            cls.records = (("data/best-selling-books.csv",), ("--lines", broken.name))
            super().setUpClass()

    @classmethod
    def before_import(cls):
        cls.without_password = import_bundle(cls.bundle, first=False)
        cls.stranger = import_bundle(cls.bundle, password="wrong")

    def test_1_what_cannot_be_imported_says_why(self):
        self.assertEqual(self.without_password.returncode, 2)
        self.assertIn("SUPERSET_WAREHOUSE_PASSWORD", self.without_password.stderr)
        self.assertEqual(self.stranger.returncode, 78)
        self.assertIn("401", self.stranger.stderr)

    def test_1_the_same_project_is_the_same_bytes(self):
        again = self.project.folder / "again.zip"
        self.project.ok("export", "superset", "-o", again)
        self.assertEqual(again.read_bytes(), self.bundle.read_bytes())
        with zipfile.ZipFile(io.BytesIO(again.read_bytes())) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual({info.date_time[0] for info in archive.infolist()}, {1980})
        self.assertNotIn(warehouse_password().encode(), again.read_bytes())

    def test_2_every_chart_has_rows(self):
        self.assert_all_charts_answer()
        for name, key, value in (("Books", "books", 174), ("Authors", "authors", 157),
                                 ("Copies sold", "copies_sold", 5236.9),
                                 ("Records taken", "records", 177),
                                 ("Failing in gold", "failing", 0),
                                 ("Open in quarantine", "open", 3), ("Lake behind", "behind", 0)):
            chart = self.viewer.charts("books")[name]["id"]
            answer = self.client.get(f"/api/v1/chart/{chart}/data/")["result"][0]
            self.assertEqual(answer["data"][0][key], value, name)

    def test_3_types_are_those_that_superset_finds(self):
        self.assertEqual(len(self.viewer.datasets("books")), 8)
        self.assert_types()

    def test_4_a_second_import_overwrites_and_adds_nothing(self):
        charts = self.viewer.charts("books")
        book = charts["Books"]["id"]
        self.client.put(f"/api/v1/chart/{book}", {"slice_name": "Spoilt", "viz_type": "table"})
        self.assertIn("Spoilt", self.viewer.charts("books"))
        done = import_bundle(self.bundle, first=False)  # Superset knows the password by now
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({name: chart["id"] for name, chart in self.viewer.charts("books").items()},
                         {name: chart["id"] for name, chart in charts.items()})
        self.assertEqual(self.viewer.charts("books")["Books"]["viz_type"], "big_number_total")
        self.assertEqual(len(self.viewer.datasets("books")), 8)

    def test_5_the_books_look_right(self):
        self.assert_looks_right("best-selling-books")

    def test_5_the_pipeline_looks_right(self):
        self.assert_looks_right("pipeline-books")


class SensorsTest(Exported):
    """A dbt project that says nothing about Superset: the columns' types decide."""

    example, database = "init", "sensors"
    records = (("data/sample.csv",),)

    def test_charts_by_types(self):
        self.assert_all_charts_answer(("Quarantined by reason", "Newest in quarantine"))
        self.assert_types()
        self.assert_looks_right("sensors")


class OrdersTest(Exported):
    """A pipeline without gold: its own tables stand for models."""

    example, database = "orders", "orders"
    records = (("data/orders.jsonl",),)

    def test_charts_by_types(self):
        self.assert_all_charts_answer(("Quarantined by reason", "Newest in quarantine"))
        self.assert_types()
        self.assert_looks_right("orders")


if __name__ == "__main__":
    unittest.main()
