"""What the lake's tests share: a server, a folder, the tool, and readers of other projects."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg
import psycopg
from pyiceberg.catalog.sql import SqlCatalog

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from postgres import Postgres  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import check_lake  # noqa: E402

TOOL = os.environ["LAKE_TOOL"]


class Tool:
    """One lake_tool process: requests in, answers out."""

    def __init__(self):
        self.process = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, op, **arguments):
        self.process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def do(self, op, **arguments):
        """Asks, and expects no error."""
        answer = self.ask(op, **arguments)
        if "error" in answer:
            raise AssertionError(f"{op}: {answer}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=60)


def table(name, columns, partition_by=(), namespace="raw"):
    """`columns`: "id: int!; name: string", `!` is required. `partition_by`: "day ts"."""
    fields = []
    for column in columns.split(";"):
        column_name, _, column_type = column.strip().partition(": ")
        required = ["required"] if column_type.endswith("!") else []
        fields.append([column_name, column_type.rstrip("!"), *required])
    split = [item.split(" ", 1) for item in partition_by]
    return {"namespace": namespace, "name": name, "columns": fields, "partition_by": split}


def duckdb_path(module, name):
    folder = Path(module.__file__).parent / "extensions"
    return next(folder.rglob(f"{name}.duckdb_extension"))


class LakeCase(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-lake-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = f"file://{self.folder}/lake"
        self.postgres_run("DROP TABLE IF EXISTS iceberg_tables, iceberg_namespace_properties")
        self.tools = 0

    def postgres_run(self, sql):
        with psycopg.connect(self.postgres.conninfo, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def open(self, *tables, **options):
        """A tool with the sink opened and prepared."""
        tool = self.open_unprepared(*tables, **options)
        tool.do("prepare")
        return tool

    def open_unprepared(self, *tables, **options):
        tool = Tool()
        self.addCleanup(tool.close)
        self.tools += 1
        tool.do("open", conninfo=self.postgres.conninfo, root=self.root, tables=list(tables),
                spool=f"{self.folder}/spool{self.tools}", **options)
        return tool

    @staticmethod
    def commit(tool, *rows, **options):
        tool.do("append", rows=list(rows), **options)
        tool.do("seal")
        return tool.do("commit")["snapshots"]

    def catalog(self):
        return SqlCatalog("lake", uri=self.postgres.uri, warehouse=self.root,
                          init_catalog_tables="false")

    def load(self, name):
        return self.catalog().load_table(name)

    def pointer(self, name):
        namespace, table_name = name.split(".")
        return self.postgres_run(
            f"SELECT metadata_location FROM iceberg_tables WHERE table_namespace = '{namespace}'"
            f" AND table_name = '{table_name}'")[0][0]

    def duckdb_rows(self, name, select="*", where="true"):
        """DuckDB's answer. In a process of its own: it aborts on bad manifests."""
        scan = f"SELECT {select} FROM iceberg_scan('{self.pointer(name)}') WHERE {where}"
        program = (
            "import duckdb, sys, pickle\n"
            "c = duckdb.connect(config={'allow_unsigned_extensions': 'true'})\n"
            f"c.execute(\"LOAD '{duckdb_path(duckdb_extension_avro, 'avro')}'\")\n"
            f"c.execute(\"LOAD '{duckdb_path(duckdb_extension_iceberg, 'iceberg')}'\")\n"
            "c.execute(\"SET TimeZone = 'UTC'\")\n"
            f"r = c.execute({scan!r})\n"
            "sys.stdout.buffer.write(pickle.dumps(r.fetchall()))\n")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-2000:])
        return pickle.loads(done.stdout)

    def expect_rows(self, name, sql, order):
        """All readers give exactly the rows of `sql`, a SELECT that plain DuckDB runs."""
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            columns = [row[0] for row in connection.execute(f"DESCRIBE {sql}").fetchall()]
            texts = ", ".join('"' + column.replace('"', '""') + '"::VARCHAR' for column in columns)
            want = connection.execute(f"SELECT {texts} FROM ({sql}) ORDER BY {order}").fetchall()
            scanned = self.load(name).scan().to_arrow()
            got = connection.execute(f"SELECT {texts} FROM scanned ORDER BY {order}").fetchall()
            self.assertEqual(got, want, "PyIceberg")
        self.assertEqual(self.duckdb_rows(name, texts, f"true ORDER BY {order}"), want, "DuckDB")

    def check(self, name, orphans=True):
        """The checkers find nothing."""
        self.assertEqual(self.damage(name, orphans), [])
        oracle = os.environ.get("ICEBERG_ORACLE")  # a second, foreign one, where there is one
        if oracle:
            done = subprocess.run(
                [sys.executable, oracle, "--uri", self.postgres.uri, "--warehouse", self.root,
                 "--table", name, "--all-snapshots"], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("WARN", done.stdout)

    def damage(self, name, orphans=True):
        """What the checker says, a line each."""
        problems = check_lake.check_table(self.postgres.conninfo, name, orphans=orphans)
        self.assertGreater(problems.checks, 20)
        return problems.lines
