"""The whole pipeline with its lake on S3: the same verbs, the same promises."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import foreign_checker  # noqa: E402
import s3  # noqa: E402
from oracle import Oracle  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402

SHARED_CHECKER = ROOT.parent / "shared/tools/check_iceberg.py"
BOOKS_CSV = "data/best-selling-books.csv"
TABLES = ("raw.books", "processed.books")


class LakeCase(unittest.TestCase):
    """One life of a project; its tests go through it in the order of their names."""

    server = s3.Versity
    lake = "s3://"
    buckets = ("raw", "processed")
    example = "books"
    pipeline = None

    @classmethod
    def setUpClass(cls):
        cls.store = cls.server()
        cls.addClassCleanup(cls.store.close)
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)
        cls.project = Project(cls.example, cls.pipeline, DATABASE_URL=cls.postgres.conninfo,
                              LAKE=cls.lake, **cls.store.env())
        cls.addClassCleanup(cls.project.close)
        file = cls.project.folder / "sluice.yml"
        file.write_text(file.read_text(encoding="utf-8").replace(
            "lake: ${LAKE:./lake}", 'lake: {root: "${LAKE}", every: 1s}'), encoding="utf-8")
        cls.acks = cls.project.folder / "acks.jsonl"
        cls.oracle = Oracle(cls.postgres.conninfo, cls.postgres.uri, cls.acks, **{
            "s3.endpoint": cls.store.endpoint, "s3.access-key-id": cls.store.key,
            "s3.secret-access-key": cls.store.secret, "s3.region": "us-east-1"})

    def check(self, *tables):
        """The checkers read the store by pyarrow's S3 client."""
        env = {**os.environ, **self.store.env()}
        for table in tables:
            done = subprocess.run(
                [sys.executable, ROOT / "tests/tools/check_lake.py", "--conninfo",
                 self.postgres.conninfo, "--table", table, "--s3-endpoint", self.store.endpoint],
                capture_output=True, text=True, check=False, env=env)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check_with_the_other(self, table, warehouse):
        done = foreign_checker.run(
            SHARED_CHECKER, "--uri", self.postgres.uri, "--warehouse", warehouse,
            "--table", table, "--catalog", "lake", "--all-snapshots", "--orphans",
            "--prop", f"s3.endpoint={self.store.endpoint}",
            "--prop", f"s3.access-key-id={self.store.key}",
            "--prop", f"s3.secret-access-key={self.store.secret}",
            "--prop", "s3.region=us-east-1")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def marks(self, sink):
        """The next offset of each partition."""
        return {p["partition"]: p["next"] for p in self.project.json("status")["positions"]
                if p["sink"] == sink}

    def silent(self, done):
        """No output holds the secret; returns the output."""
        text = done.stdout + done.stderr
        self.assertNotIn(self.store.secret, text)
        return text


class BooksInBucketsTest(LakeCase):
    """A bare s3://: each namespace is a bucket."""

    def test_1_missing_buckets_are_named_all_at_once_with_their_cure(self):
        self.project.broker()
        for verb in (("run", "--once"), ("plan",), ("validate",)):
            done = self.project.sluice(*verb)
            text = self.silent(done)
            self.assertEqual(done.returncode, 78, text)
            for bucket in self.buckets:
                self.assertIn(f"there is no bucket `{bucket}`", text)
                self.assertIn(f"--endpoint-url {self.store.endpoint} s3 mb s3://{bucket}", text)
        doctor = self.project.sluice("doctor")
        self.assertIn("FAIL  lake", self.silent(doctor))
        self.assertEqual(self.store.list_buckets(), [])

    def test_2_the_pipeline_runs(self):
        self.store.make_buckets(*self.buckets)
        self.assertIn("ok    lake", self.silent(self.project.sluice("doctor")))
        sent = self.project.json("produce", BOOKS_CSV, "--acks", self.acks)
        self.assertEqual(sent["acknowledged"], 174)
        planned = {row["table"]: row["detail"] for row in self.project.json("plan")["tables"]}
        self.assertIn("s3://raw/books", planned["raw.books"])
        done = self.project.sluice("run", "--once")
        self.assertEqual(done.returncode, 0, self.silent(done))
        self.assertEqual({name.split("/")[0] for name in self.store.keys("raw")}, {"books"})
        self.assertEqual({name.split("/")[0] for name in self.store.keys("processed")}, {"books"})

    def test_3_others_read_it(self):
        for table in TABLES:
            rows = self.oracle.lake(table)
            self.assertEqual(sorted(rows), sorted(self.oracle.acknowledged()))
        self.check(*TABLES)

    @unittest.skipUnless(SHARED_CHECKER.exists(), "a clone without ../shared has no such checker")
    def test_3_the_other_checker_finds_no_fault(self):
        self.check_with_the_other("raw.books", "s3://raw")
        self.check_with_the_other("processed.books", "s3://processed")

    def test_4_every_verb_reads_it(self):
        tables = {row["table"]: row for row in self.project.json("tables", "ls")}
        self.assertEqual(tables["raw.books"]["location"], "s3://raw/books")
        self.assertEqual(tables["processed.books"]["records"], "174")
        self.assertEqual(len(self.project.json("tables", "show", "raw.books")["columns"]), 13)
        self.assertEqual(len(self.project.json("tables", "snapshots", "raw.books")), 1)
        rows = self.project.json(
            "tables", "sql", 'SELECT count(*) AS n, count(DISTINCT p.authors) AS a FROM '
                             'raw.books r JOIN Processed."books" p USING (_partition, _offset)')
        self.assertEqual(rows, [{"n": "174", "a": "157"}])
        report = self.project.json("verify")
        self.assertTrue(report["ok"], report)
        self.assertEqual(report["files"], 2)
        self.assertEqual(list((self.project.folder / ".sluice").glob("scratch*")), [])

    def test_5_verify_finds_what_is_broken(self):
        key = next(key for key in self.store.keys("raw") if key.endswith(".parquet"))
        path = Path(self.store.folder, "data/raw", key)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        cut = self.project.sluice("verify")
        path.unlink()
        missing = self.project.sluice("verify")
        path.write_bytes(whole)
        self.assertEqual((cut.returncode, missing.returncode), (70, 70))
        self.assertIn("in its manifest", cut.stdout)
        self.assertIn("is missing", missing.stdout)
        self.assertTrue(self.project.json("verify")["ok"])

    def test_6_a_store_that_is_down_is_waited_for(self):
        self.store.stop()
        start = time.monotonic()
        done = self.project.sluice("run", "--once", "--wait", 8)
        self.assertEqual(done.returncode, 69, self.silent(done))
        self.assertIn("waiting for the lake", done.stderr)
        self.assertIn("does not answer", done.stderr)
        self.assertLess(time.monotonic() - start, 60)
        waiting = self.project.start("run", "--once")
        wait_until(lambda: "waiting for the lake" in waiting.log.read_text(encoding="utf-8"))
        self.store.start()
        self.assertEqual(waiting.wait(timeout=60), 0, waiting.log.read_text(encoding="utf-8"))

    def test_7_a_store_that_goes_away_while_running_is_waited_for(self):
        running = self.project.start("run", log="away.log")
        wait_until(lambda: "reading topic" in running.log.read_text(encoding="utf-8"))
        self.store.stop()
        self.project.json("produce", BOOKS_CSV, "--acks", self.acks)
        wait_until(lambda: "does not answer" in running.log.read_text(encoding="utf-8"), 60)
        self.assertEqual(self.marks("lake"), {0: 174})
        self.store.start()
        wait_until(lambda: self.marks("lake") == {0: 348}, 60)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(timeout=90), 0, running.log.read_text(encoding="utf-8"))
        self.assertTrue(self.project.json("verify")["ok"])
        self.assertEqual(len(self.oracle.lake("raw.books")), 348)


class OrdersBelowAPrefixTest(LakeCase):
    """One bucket with a prefix; partitioned tables with nested columns; keys from a profile that
    change while it runs."""

    lake = "s3://lake/some/prefix"
    example = "orders"
    TABLES = ("raw.orders", "processed.orders", "processed.order_customers")

    def write_profile(self):
        folder = self.project.folder / "home/.aws"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "credentials.new"
        path.write_text(f"[other]\naws_access_key_id = nobody\n\n[lake]\naws_access_key_id = "
                        f"{self.store.key}\naws_secret_access_key = {self.store.secret}\n",
                        encoding="utf-8")
        path.chmod(0o600)
        path.rename(folder / "credentials")

    def test_1_the_pipeline_runs_with_keys_of_a_profile(self):
        self.store.make_buckets("lake")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.project.env.pop(name)
        self.project.env.update(HOME=str(self.project.folder / "home"), AWS_PROFILE="lake")
        missing = self.project.sluice("validate", "--offline")
        self.assertEqual(missing.returncode, 78, missing.stderr)
        self.assertIn("profile `lake`", missing.stderr)
        self.write_profile()
        self.project.broker(partitions=2)
        self.sent = self.project.json("produce", "data/orders.jsonl")
        self.project.json("run", "--once")
        self.assertTrue(self.project.json("verify")["ok"])
        self.check(*self.TABLES)
        keys = self.store.keys("lake")
        self.assertTrue(all(key.startswith("some/prefix/") for key in keys), keys)
        self.assertTrue(any("ordered_at_day=" in key for key in keys), keys)

    @unittest.skipUnless(SHARED_CHECKER.exists(), "a clone without ../shared has no such checker")
    def test_2_the_other_checker_finds_no_fault(self):
        for table in self.TABLES:
            self.check_with_the_other(table, self.lake)

    def test_3_nested_columns_can_be_asked_for(self):
        rows = self.project.json("tables", "sql",
                                 "SELECT count(DISTINCT customer.address.country) AS n "
                                 "FROM raw.orders")
        self.assertGreater(int(rows[0]["n"]), 1)

    def test_4_keys_that_change_while_it_runs(self):
        before = sum(self.marks("lake").values())
        running = self.project.start("run", log="keys.log")
        wait_until(lambda: "reading topic" in running.log.read_text(encoding="utf-8"))
        self.store.stop()
        old, self.store.key, self.store.secret = self.store.secret, "newkey", "newsecret456"
        self.store.start()
        self.project.json("produce", "data/orders.jsonl")
        wait_until(lambda: "refuses us" in running.log.read_text(encoding="utf-8"), 60)
        self.write_profile()
        wait_until(lambda: sum(self.marks("lake").values()) == 2 * before, 60)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(timeout=90), 0, running.log.read_text(encoding="utf-8"))
        log = running.log.read_text(encoding="utf-8")
        self.assertIn("new keys", log)
        self.assertNotIn(old, log)
        self.assertNotIn(self.store.secret, log)
        self.assertTrue(self.project.json("verify")["ok"])


ODD_PIPELINE = """
version: 1
pipeline: odd
source: {kafka: embedded, topic: t}
lake: ${LAKE:./lake}
warehouse: ${DATABASE_URL}
bronze:
  raw.things:
    format: json
    columns: {id: int, "kind of": string}
    partition_by: ["kind of", day(_timestamp)]
"""
ODD_VALUES = ["a/b", "", "..", "日本 +%=&", "50% off", "'\"<>", "a b", "x" * 400, None]


class OddPartitionsTest(LakeCase):
    """Values that are no good names end up in names that every client signs alike."""

    lake = "s3://lake"
    example = None
    pipeline = ODD_PIPELINE

    def test_all_readers_find_every_row(self):
        self.store.make_buckets("lake")
        self.project.broker()
        rows = [json.dumps({"id": i, "kind of": value}) for i, value in enumerate(ODD_VALUES)]
        self.project.write("things.jsonl", "\n".join(rows) + "\n")
        self.project.json("produce", "things.jsonl")
        self.project.json("run", "--once")
        expected = sorted((i, i, str(value)) for i, value in enumerate(ODD_VALUES))
        read = self.oracle.lake("raw.things", "id", "kind of")
        self.assertEqual(sorted((o, i, str(v)) for _, o, i, v in read), expected)
        rows = self.project.json("tables", "sql",
                                 'SELECT _offset, id, "kind of" AS v FROM raw.things ORDER BY 1')
        self.assertEqual([(int(r["_offset"]), int(r["id"]), str(r["v"])) for r in rows], expected)
        self.assertEqual(self.project.json("verify")["files"], len(ODD_VALUES))
        self.check("raw.things")


class BooksOnMinioTest(LakeCase):
    server = s3.Minio

    def test_the_books_arrive(self):
        self.store.make_buckets(*self.buckets)
        self.project.broker()
        self.project.json("produce", BOOKS_CSV, "--acks", self.acks)
        self.project.json("run", "--once")
        self.assertTrue(self.project.json("verify")["ok"])
        self.assertEqual(sorted(self.oracle.lake("raw.books")), sorted(self.oracle.acknowledged()))
        self.check(*TABLES)


if __name__ == "__main__":
    unittest.main()
