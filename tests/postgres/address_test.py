"""Addresses, passwords and TLS, as libpq's users know them, against a real server."""

import os
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipelines import Certificates, small_project  # noqa: E402
from postgres import Postgres, free_port  # noqa: E402

HBA = """local all all trust
hostssl all tls_only 127.0.0.1/32 scram-sha-256
hostnossl all tls_only 127.0.0.1/32 reject
host all old 127.0.0.1/32 md5
host all banned 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""
ROLES = ("CREATE ROLE sluice LOGIN PASSWORD 's3cret word'",
         "CREATE ROLE tls_only LOGIN PASSWORD 's3cret word'",
         "CREATE ROLE banned LOGIN PASSWORD 's3cret word'",
         "SET password_encryption = md5", "CREATE ROLE old LOGIN PASSWORD 's3cret word'")


class AddressTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tls = Certificates("localhost", "db.example.org")
        # Which certificate it shows is changed by a reload.
        cls.server = Postgres(
            listen=True, hba=HBA, files=cls.tls.files,
            settings=("ssl=on", "ssl_cert_file=localhost.crt", "ssl_key_file=localhost.key"))
        cls.server.sql(*ROLES)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.tls.folder)

    def setUp(self):
        self.project = small_project("")
        self.home = self.project.folder / "home"
        self.home.mkdir()
        self.project.env = {k: v for k, v in self.project.env.items() if not k.startswith("PG")}
        self.project.env["HOME"] = str(self.home)

    def tearDown(self):
        self.project.close()

    def address(self, **settings):
        """key=value, of role sluice by TCP unless it says otherwise."""
        settings = {"host": "127.0.0.1", "port": self.server.port, "user": "sluice",
                    "dbname": "postgres", **settings}
        return " ".join(f"{k}='{v}'" for k, v in settings.items() if v is not None)

    def connect(self, address, *flags, **variables):
        """Asks who we are; (exit code, what was printed)."""
        self.project.env |= {"DATABASE_URL": address, **variables}
        done = self.project.sluice(
            "warehouse", "sql", *flags,
            "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        self.assertNotIn("s3cret", done.stdout + done.stderr)
        return done.returncode, done.stdout + done.stderr

    def expect_session(self, address, *flags, user="sluice", tls="t", **variables):
        code, text = self.connect(address, *flags, **variables)
        self.assertEqual(code, 0, text)
        self.assertIn(user, text)
        self.assertRegex(text, rf"{user} +{tls}")

    def expect_refusal(self, words, address, *flags, code=78, **variables):
        got, text = self.connect(address, *flags, **variables)
        self.assertEqual(got, code, text)
        self.assertIn(words, text)
        return text

    # Passwords

    def test_password_in_the_address_by_a_variable(self):
        self.expect_session(
            f"postgres://sluice:s3cret%20word@127.0.0.1:{self.server.port}/postgres")

    def test_address_from_a_file(self):
        secret = self.project.write("secret", self.address(password="s3cret word"))
        secret.chmod(0o600)
        del self.project.env["DATABASE_URL"]
        self.project.env["DATABASE_URL_FILE"] = str(secret)
        done = self.project.sluice("warehouse", "sql", "SELECT current_user")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sluice", done.stdout)
        secret.chmod(0o644)
        done = self.project.sluice("warehouse", "sql", "SELECT current_user")
        self.assertEqual(done.returncode, 78)
        self.assertIn("E0123", done.stderr)

    def test_pgpassword(self):
        self.expect_session(self.address(), PGPASSWORD="s3cret word")

    def test_pgpass_of_the_home(self):
        passfile = self.home / ".pgpass"
        passfile.write_text(f"127.0.0.1:{self.server.port}:postgres:sluice:s3cret word\n",
                            encoding="ascii")
        passfile.chmod(0o600)
        self.expect_session(self.address())
        passfile.chmod(0o644)  # libpq does not read such a file
        text = self.expect_refusal("no password supplied", self.address())
        self.assertIn("chmod 600", text)

    def test_pgpassfile(self):
        passfile = self.project.write("passwords", "*:*:*:*:s3cret word\n")
        passfile.chmod(0o600)
        self.expect_session(self.address(), PGPASSFILE=str(passfile))
        self.expect_session(self.address(passfile=passfile))

    def test_service_files(self):
        self.project.write("services", f"[main]\nhost=127.0.0.1\nport={self.server.port}\n"
                                       "user=sluice\ndbname=postgres\npassword=s3cret word\n")
        self.project.env["PGSERVICEFILE"] = str(self.project.folder / "services")
        self.expect_session("service=main")
        self.expect_session("dbname=postgres", PGSERVICE="main")
        self.expect_refusal("definition of service", "service=absent", PGSERVICE="")

    def test_wrong_password_is_the_configurations_fault(self):
        for user, words in (("sluice", "password authentication failed"),
                            ("old", "password authentication failed"),
                            ("banned", "pg_hba.conf rejects connection"),
                            ("nobody_there", "password authentication failed")):
            self.expect_refusal(words, self.address(user=user), PGPASSWORD="s3cret wrong")

    def test_absent_database_is_the_configurations_fault(self):
        self.expect_refusal("does not exist", self.address(dbname="absent"),
                            PGPASSWORD="s3cret word")

    def test_absent_server_is_waited_for(self):
        # `validate` waits as long as it is told, and says so.
        self.project.env["DATABASE_URL"] = self.address(port=free_port())
        done = self.project.sluice("plan", "--wait", "1")
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("waiting for PostgreSQL", done.stderr)
        self.assertIn("Connection refused", done.stderr)

    # TLS

    def verified(self, **settings):
        return self.address(sslmode="verify-full", sslrootcert=self.tls.authority,
                            password="s3cret word", **settings)

    def test_the_certificate_must_be_of_the_host(self):
        self.expect_session(self.verified(host="localhost"))
        # The same server under a name that its certificate does not have.
        self.expect_refusal('does not match host name "127.0.0.1"', self.verified())
        self.server.sql("ALTER SYSTEM SET ssl_cert_file = 'db.example.org.crt'",
                        "ALTER SYSTEM SET ssl_key_file = 'db.example.org.key'")
        # Command-line settings win over ALTER SYSTEM: start it anew without them.
        self.server.stop()
        settings, self.server._settings = self.server._settings, self.server._settings[:3]
        try:
            self.server.start()
            self.expect_refusal('"db.example.org" does not match host name "localhost"',
                                self.verified(host="localhost"))
            # The name is looked for in the certificate, the address is where it goes.
            self.expect_session(self.verified(host="db.example.org", hostaddr="127.0.0.1"))
        finally:
            self.server.stop()
            self.server._settings = settings
            self.server.start()

    def test_a_remote_name_is_verified_without_being_told(self):
        # Remote by its name; the address keeps it on this machine.
        remote = {"host": "db.example.org", "hostaddr": "127.0.0.1", "password": "s3cret word"}
        self.expect_refusal("certificate verify failed", self.address(**remote))
        self.expect_refusal("does not match host name",
                            self.address(**remote, sslrootcert=self.tls.authority))
        self.expect_refusal("E0125", self.address(**remote, sslmode="require"))
        self.expect_session(self.address(**remote, sslmode="require"), "--insecure-tls")

    def test_a_service_file_cannot_weaken_it_in_silence(self):
        self.project.write("services", "[weak]\nhost=db.example.org\nhostaddr=127.0.0.1\n"
                                       f"port={self.server.port}\nsslmode=require\nuser=sluice\n")
        self.project.env["PGSERVICEFILE"] = str(self.project.folder / "services")
        self.expect_refusal("E0125", "service=weak dbname=postgres", PGPASSWORD="s3cret word")
        self.expect_session("service=weak dbname=postgres", "--insecure-tls")

    def test_another_authority_is_refused_and_nothing_is_downgraded(self):
        address = self.verified(host="localhost").replace(self.tls.authority,
                                                          self.tls.other_authority)
        self.expect_refusal("certificate verify failed", address)
        self.expect_refusal("certificate verify failed", address + " sslmode=verify-ca")
        gone = self.verified(host="localhost").replace("ca.crt", "gone.crt")
        self.expect_refusal("does not exist", gone)

    def test_a_server_without_tls_is_refused(self):
        plain = Postgres(listen=True)
        try:
            self.expect_refusal("server does not support SSL",
                                self.verified(host="localhost", port=plain.port))
        finally:
            plain.close()

    def test_channel_binding(self):
        bound = self.verified(host="localhost") + " channel_binding=require"
        self.expect_session(bound)
        self.expect_session(bound + " user=tls_only", user="tls_only")
        self.expect_refusal("channel binding", bound + " user=old")
        self.expect_refusal("channel binding", self.address(
            sslmode="disable", channel_binding="require", password="s3cret word"))

    def test_doctor_names_what_it_found(self):
        self.project.env["DATABASE_URL"] = self.verified(host="localhost")
        done = self.project.sluice("doctor")
        for words in ("PostgreSQL", "15.", "role sluice", "TLSv1.3", "database postgres"):
            self.assertIn(words, done.stdout)
        self.assertNotIn("s3cret", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
