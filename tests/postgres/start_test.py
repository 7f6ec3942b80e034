"""A server that cannot keep commits is refused at the start, by name."""

import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipelines import ROWS, small_project, with_records  # noqa: E402
from postgres import BIN, Postgres  # noqa: E402


class Standby(Postgres):
    """A copy of a server that follows it by streaming."""

    def __init__(self, primary):
        self._primary = primary
        super().__init__()

    def _initialise(self):
        subprocess.run([f"{BIN}/pg_basebackup", "-D", self.data, "-R", "-c", "fast", "--no-sync",
                        "-h", self._primary.folder, "-U", "postgres"],
                       check=True, cwd="/", **self._drop)


class StartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Postgres(settings=("max_wal_senders=4", "wal_level=replica"))

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.server.sql("ALTER ROLE postgres RESET ALL", "DROP SCHEMA IF EXISTS sluice CASCADE",
                        "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        self.project = small_project(self.server.conninfo)

    def tearDown(self):
        self.project.close()

    def expect_refusal(self, words):
        done = self.project.sluice("run", "--once")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertIn("E0405", done.stderr)
        doctor = self.project.sluice("doctor")
        self.assertNotEqual(doctor.returncode, 0)
        self.assertIn(words, doctor.stdout)

    def test_asynchronous_commits_need_the_word(self):
        self.server.sql("ALTER ROLE postgres SET synchronous_commit = off")
        self.expect_refusal("synchronous_commit` is off")
        with_records(self.project)
        self.project.ok("run", "--once", "--allow-async-commit")
        self.assertEqual(self.server.sql("SELECT count(*) FROM people"), [(ROWS,)])

    def test_read_only(self):
        self.server.sql("ALTER ROLE postgres SET default_transaction_read_only = on")
        try:
            self.expect_refusal("PostgreSQL is read-only for role postgres")
        finally:
            self.server.sql("SET default_transaction_read_only = off",
                            "ALTER ROLE postgres RESET default_transaction_read_only")

    def test_standby_and_the_primary_beside_it(self):
        with_records(self.project)
        self.project.ok("run", "--once")
        standby = Standby(self.server)
        try:
            self.project.env["DATABASE_URL"] = standby.conninfo
            self.expect_refusal("PostgreSQL is a standby")
            # What only reads works there.
            self.project.ok("status")
            # Of several hosts the one that takes writes is found.
            self.project.env["DATABASE_URL"] = (
                f"host={standby.folder},{self.server.folder} user=postgres dbname=postgres")
            self.project.ok("produce", "people.csv")
            self.project.ok("run", "--once")
            self.assertEqual(self.server.sql("SELECT count(*) FROM people"), [(2 * ROWS,)])
        finally:
            standby.close()


if __name__ == "__main__":
    unittest.main()
