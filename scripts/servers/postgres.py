"""PostgreSQL 15 over TCP with passwords, as a user other than root."""

import os
import pwd
import signal
from pathlib import Path

from .process import Server, StackError, run

BIN = Path("/usr/lib/postgresql/15/bin")


class Postgres(Server):
    name = "postgres"
    stop_signal = signal.SIGINT  # fast: does not wait for clients

    def argv(self):
        return [BIN / "postgres", "-D", self.data, "-p", self.settings.get("port"),
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]

    def drop_to(self):
        if os.getuid() != 0:
            return {}
        user = pwd.getpwnam("postgres")
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def make(self):
        secret = self.folder / "superuser"
        secret.touch(mode=0o600)
        secret.write_text(self.settings["superuser_password"] + "\n", encoding="utf-8")
        self.data.mkdir(mode=0o700)
        if drop := self.drop_to():
            for path in (secret, self.data):
                os.chown(path, drop["user"], drop["group"])
        try:
            run([BIN / "initdb", "-D", self.data, "-A", "scram-sha-256", "-U", "postgres",
                 "--pwfile", secret, "-E", "UTF8", "--no-locale"], cwd="/", **self.drop_to())
        except StackError as error:
            raise StackError(f"{error}\nthe user `postgres` must reach its folder: choose one with "
                             "--dir that is not below a folder of mode 0700") from error
        finally:
            secret.unlink()

    def psql(self, sql, database="postgres"):
        argv = [BIN / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", sql]
        return run(argv, env={**os.environ, "PGCONNECT_TIMEOUT": "5"}).strip()

    def check(self):
        where = self.psql("SHOW data_directory")
        if where != str(self.data):
            raise StackError(f"another PostgreSQL answers at {self.address}: that of {where}")

    def after_start(self):
        if not self.psql("SELECT 1 FROM pg_roles WHERE rolname = 'sluice'"):
            self.psql(f"CREATE ROLE sluice LOGIN PASSWORD '{self.settings['password']}'")
        if not self.psql("SELECT 1 FROM pg_database WHERE datname = 'sluice'"):
            self.psql("CREATE DATABASE sluice OWNER sluice")

    def url(self, database="postgres"):
        """The superuser's."""
        return (f"postgresql://postgres:{self.settings['superuser_password']}@{self.address}"
                f"/{database}")

    def env(self):
        return {"DATABASE_URL": f"postgresql://sluice:{self.settings['password']}@{self.address}"
                                "/sluice"}
