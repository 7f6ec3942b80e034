"""dbt gets the session that sluice has: service file, password file, TLS, schema."""

import shutil
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipelines import Certificates  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402

HBA = """local all all trust
hostssl all all 127.0.0.1/32 scram-sha-256
"""
SERVICE = """[lakehouse]
host=localhost
port=%d
dbname=postgres
user=app
sslmode=verify-full
sslrootcert=%s
"""


class GoldTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tls = Certificates("localhost")
        cls.server = Postgres(
            listen=True, hba=HBA, files=cls.tls.files,
            settings=("ssl=on", "ssl_cert_file=localhost.crt", "ssl_key_file=localhost.key"))

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.tls.folder)

    def setUp(self):
        self.server.sql("DROP SCHEMA IF EXISTS sluice, gold CASCADE",
                        "DROP SCHEMA public CASCADE", "CREATE SCHEMA public",
                        "DROP ROLE IF EXISTS app", "CREATE ROLE app LOGIN PASSWORD 's3cret word'",
                        "GRANT CREATE ON DATABASE postgres TO app",
                        "GRANT ALL ON SCHEMA public TO app")
        self.project = Project("books", DATABASE_URL="service=lakehouse")
        file = self.project.folder / "sluice.yml"
        file.write_text(file.read_text(encoding="utf-8") + "  schema: gold\n", encoding="utf-8")
        self.project.write("services", SERVICE % (self.server.port, self.tls.authority))
        self.passwords = self.project.write("passwords", "*:*:*:*:s3cret word\n")
        self.passwords.chmod(0o600)
        self.project.env |= {"PGSERVICEFILE": str(self.project.folder / "services"),
                             "PGPASSFILE": str(self.passwords)}

    def tearDown(self):
        self.project.close()
        self.server.sql("DROP OWNED BY app CASCADE")

    def produce(self):
        self.project.ok("produce", "data/best-selling-books.csv")

    def test_the_same_session(self):
        self.project.broker(1)
        self.produce()
        summary = self.project.json("run", "--once")
        self.assertTrue(summary["gold"]["ok"], summary)
        self.assertEqual(self.server.sql("SELECT count(*) FROM gold.fact_books"), [(174,)])
        self.assertEqual(self.server.sql("SELECT count(*) FROM gold.dim_author"), [(157,)])
        written = (self.project.folder / ".sluice/dbt/profiles/profiles.yml").read_text("utf-8")
        self.assertIn("verify-full", written)
        self.assertNotIn("s3cret", written)

    def test_a_password_that_changed_is_not_a_server_that_is_away(self):
        self.project.broker(1)
        run = self.project.start("run")

        def text():
            return run.log.read_text(encoding="utf-8")
        self.produce()
        wait_until(lambda: "gold built" in text(), 120)
        self.server.sql("ALTER ROLE app PASSWORD 'another'")
        self.produce()
        wait_until(lambda: "gold was not built" in text(), 60)
        self.assertIn("password authentication failed", text())
        run.send_signal(signal.SIGTERM)
        run.wait(60)
        self.assertNotIn("s3cret", text())


if __name__ == "__main__":
    unittest.main()
