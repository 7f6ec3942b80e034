"""What Compose's scripts do, done to real servers: buckets on the S3 store, roles in
PostgreSQL."""

import os
import subprocess
import sys
import unittest
import uuid
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from postgres import BIN, Postgres  # noqa: E402
from stack import shared  # noqa: E402

COMPOSE = ROOT / "packaging/compose"


def script(name, *args, **variables):
    return subprocess.run([COMPOSE / name, *args], env={"PATH": os.environ["PATH"], **variables},
                          capture_output=True, text=True, timeout=120, check=False)


class BucketsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s3 = shared("s3").s3
        given = cls.s3.env()
        cls.env = {"AWS_REGION": given["S3_REGION"], **{name: given[name] for name in (
            "S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}}

    def test_makes_those_that_are_missing(self):
        name = f"b-{uuid.uuid4().hex[:8]}"
        self.assertEqual(self.s3.request("HEAD", f"/{name}")[0], 404)
        for word in ("made", "there"):
            done = script("make_buckets.sh", "raw", name, **self.env)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("bucket raw is there", done.stdout)
            self.assertIn(word, done.stdout.splitlines()[1])
            self.assertEqual(self.s3.request("HEAD", f"/{name}")[0], 200)

    def test_a_wrong_key_is_no_success(self):
        done = script("make_buckets.sh", "raw", **{**self.env, "AWS_SECRET_ACCESS_KEY": "wrong"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("bucket raw: the store answers 403", done.stderr)

    def test_a_store_that_is_away_is_no_success(self):
        done = script("make_buckets.sh", "raw", **{**self.env, "S3_ENDPOINT": "http://127.0.0.1:1"})
        self.assertNotEqual(done.returncode, 0)


class RolesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        done = script("make_roles.sh", PGHOST=cls.postgres.folder, SLUICE_DB_PASSWORD="it's \\a",
                      READER_DB_PASSWORD="r'd", PATH=f"{BIN}:{os.environ['PATH']}")
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.postgres.close()

    def connect(self, user, database="books"):
        return psycopg.connect(host=self.postgres.folder, user=user, dbname=database,
                               autocommit=True)

    def refused(self, user, statement):
        with self.connect(user) as session:
            with self.assertRaises((psycopg.errors.InsufficientPrivilege,
                                    psycopg.errors.ReadOnlySqlTransaction), msg=statement):
                session.execute("SET default_transaction_read_only = off")
                session.execute(statement)

    def test_the_passwords_are_those_given(self):
        with self.connect("postgres") as session:
            kept = dict(session.execute("SELECT rolname, rolpassword FROM pg_authid "
                                        "WHERE rolname IN ('sluice', 'reader')").fetchall())
        self.assertEqual(set(kept), {"sluice", "reader"})
        self.assertTrue(all(password.startswith("SCRAM-SHA-256$") for password in kept.values()))
        self.assertNotEqual(kept["sluice"], kept["reader"])

    def test_sluice_works_in_its_database_and_nowhere_else(self):
        with self.connect("sluice") as session:
            session.execute("CREATE TABLE public.a (id int)")
            session.execute("CREATE TABLE sluice.b (id int)")
            session.execute("CREATE SCHEMA films")
            row = session.execute("SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication "
                                  "FROM pg_roles WHERE rolname = 'sluice'").fetchone()
        self.assertEqual(row, (False,) * 4)
        self.refused("sluice", "CREATE DATABASE other")
        self.refused("sluice", "CREATE ROLE other")
        self.refused("sluice", "COPY public.a TO PROGRAM 'id'")

    def test_reader_reads(self):
        with self.connect("sluice") as session:
            session.execute("CREATE TABLE public.c (id int)")
            session.execute("CREATE TABLE sluice.c (id int)")
            session.execute("INSERT INTO public.c VALUES (1)")
        with self.connect("reader") as session:
            self.assertEqual(session.execute("SELECT count(*) FROM public.c").fetchone(), (1,))
            self.assertEqual(session.execute("SELECT count(*) FROM sluice.c").fetchone(), (0,))
        for statement in ("INSERT INTO public.c VALUES (2)", "DELETE FROM sluice.c",
                          "CREATE TABLE public.d (id int)", "DROP TABLE public.c"):
            self.refused("reader", statement)


if __name__ == "__main__":
    unittest.main()
