"""A DBA runs what `plan --sql` prints; then a run needs no right to create anything."""

import subprocess
import sys
import unittest
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipelines import ROWS, small_project, with_records  # noqa: E402
from postgres import Postgres  # noqa: E402


class RolesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Postgres()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        """A database of an owner who is no superuser, and from which everybody's rights went."""
        self.server.sql("DROP DATABASE IF EXISTS books WITH (FORCE)",
                        *(f"DROP ROLE IF EXISTS {role}"
                          for role in ("app", "sluice_read", "analyst", "dba")),
                        "CREATE ROLE dba LOGIN CREATEROLE", "CREATE DATABASE books OWNER dba",
                        "REVOKE ALL ON DATABASE books FROM public")
        self.server.sql("REVOKE ALL ON SCHEMA public FROM public",
                        "ALTER SCHEMA public OWNER TO dba", database="books")
        self.project = small_project(self.address("app"), schema="store")

    def tearDown(self):
        self.project.close()

    def address(self, user):
        return self.server.conninfo.replace("user=postgres dbname=postgres",
                                            f"user={user} dbname=books")

    def psql(self, sql, user="dba"):
        return subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.server.folder, "-U", user,
             "books"], input=sql, text=True, capture_output=True, check=False)

    def plan(self, *flags):
        """The script, asked for by the owner: the run's role does not exist yet."""
        self.project.env["DATABASE_URL"] = self.address("dba")
        script = self.project.ok("plan", "--sql", "--run-role", "app", *flags)
        self.project.env["DATABASE_URL"] = self.address("app")
        return script

    def test_a_run_without_any_right_to_create(self):
        for again in range(2):  # what is there is left out the next time
            done = self.psql(self.plan())
            self.assertEqual(done.returncode, 0, done.stderr)
        with_records(self.project)
        done = self.project.sluice("run", "--once")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for verb in ("status", "verify", "plan"):
            self.project.ok(verb)
        count = "SELECT count(*) FROM store.people"
        self.assertEqual(self.server.sql(count, database="books"), [(ROWS,)])
        self.assertEqual(self.server.sql(
            "SELECT has_schema_privilege('app', s, 'CREATE') FROM unnest(ARRAY['public', 'store', "
            "'sluice']) AS s", database="books"), [(False,)] * 3)
        self.assertEqual(self.server.sql(
            "SELECT count(*) FROM pg_class WHERE relowner = 'app'::regrole", database="books"),
            [(0,)])
        self.assertFalse(self.server.sql(
            "SELECT has_database_privilege('app', 'books', 'CREATE')", database="books")[0][0])
        self.readers()

    def readers(self):
        """Whoever reads sees all but the raw bytes that are in quarantine, and changes nothing."""
        self.server.sql("CREATE ROLE analyst LOGIN IN ROLE sluice_read")
        with psycopg.connect(self.address("analyst"), autocommit=True) as connection:
            for query in ("SELECT * FROM store.people", "SELECT * FROM store.latest",
                          "SELECT * FROM sluice.position", "SELECT * FROM iceberg_tables",
                          "SELECT reason, field FROM sluice.quarantine"):
                connection.execute(query)
            for query in ("SELECT value FROM sluice.quarantine",
                          "SELECT key FROM sluice.quarantine",
                          "DELETE FROM store.people", "UPDATE sluice.position SET next_offset = 0"):
                with self.assertRaises(psycopg.errors.InsufficientPrivilege, msg=query):
                    connection.execute(query)

    def test_who_may_nothing_is_told_what_to_ask_for(self):
        self.server.sql("CREATE ROLE app LOGIN", "GRANT CONNECT ON DATABASE books TO app")
        for step in ("nothing", "ledger"):
            done = self.project.sluice("run", "--once", "--wait", "3")
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn("sluice plan --sql", done.stderr)
            self.assertIn("permission denied", done.stderr)
            # The role itself can ask for the script, with and without a ledger that it cannot see.
            script = self.project.ok("plan", "--sql")
            self.assertEqual(self.psql(script).returncode, 0)
            if step == "nothing":
                self.server.sql("REVOKE ALL ON SCHEMA sluice FROM app", database="books")
        with_records(self.project)
        self.project.ok("run", "--once")

    def test_a_missing_right_of_one_table_is_named_before_the_first_record(self):
        self.assertEqual(self.psql(self.plan()).returncode, 0)
        cases = (("REVOKE UPDATE ON store.latest FROM app", "store.latest", "UPDATE"),
                 ("REVOKE INSERT ON store.people FROM app", "store.people", "INSERT"),
                 ("REVOKE USAGE ON SCHEMA store FROM app", "store.people", "USAGE"))
        for revoke, table, right in cases:
            self.server.sql(revoke, database="books")
            shown = {change["table"]: change for change in self.project.json("plan")["tables"]}
            self.assertEqual(shown[table]["action"], "grant")
            done = self.project.sluice("run", "--once", "--wait", "3")
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn(f"role app lacks {right}", done.stderr)
            self.assertIn("GRANT", done.stderr)
            self.assertEqual(self.psql(self.plan()).returncode, 0)

    def test_a_new_column_is_the_dbas_to_add(self):
        self.assertEqual(self.psql(self.plan()).returncode, 0)
        file = self.project.folder / "sluice.yml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("trim(name) AS name", "trim(name) AS name, id * 2 AS twice"),
                        encoding="utf-8")
        done = self.project.sluice("run", "--once", "--wait", "3")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn("add column", done.stderr)
        self.assertIn("sluice plan --sql", done.stderr)
        self.assertEqual(self.psql(self.plan()).returncode, 0)
        with_records(self.project)
        self.project.ok("run", "--once")
        self.assertEqual(self.server.sql("SELECT sum(twice) FROM store.people", database="books"),
                         [(ROWS * (ROWS - 1),)])


if __name__ == "__main__":
    unittest.main()
