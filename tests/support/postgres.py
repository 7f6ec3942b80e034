"""A PostgreSQL server in a temporary folder, reached by its Unix socket, on request by loopback."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg

BIN = "/usr/lib/postgresql/15/bin"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    def __init__(self, programs=BIN, listen=False, settings=(), hba=None, files=None):
        """`listen`: on a free port of loopback too. `settings`: `name=value` of postgresql.conf;
        `hba`: the lines of pg_hba.conf instead of trust; `files`: name → text, in the data folder,
        for the server's eyes only."""
        self._programs = programs
        self.port = free_port() if listen else 5432
        self._settings = (f"listen_addresses={'127.0.0.1' if listen else ''}",
                          f"port={self.port}", *settings)
        self.folder = tempfile.mkdtemp(prefix="sluice-pg-", dir="/tmp")
        self._drop = {}
        if os.getuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.data = self.folder + "/data"
        self._initialise()
        for name, text in {**(files or {}), **({"pg_hba.conf": hba} if hba else {})}.items():
            self._write(name, text)
        self.start()

    def _initialise(self):
        subprocess.run(
            [f"{self._programs}/initdb", "-D", self.data, "-A", "trust", "-U", "postgres",
             "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **self._drop)

    def _write(self, name, text):
        path = os.path.join(self.data, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        if self._drop:
            os.chown(path, self._drop["user"], self._drop["group"])

    def start(self):
        with open(self.folder + "/log", "ab") as log:
            settings = ("fsync=off", f"unix_socket_directories={self.folder}", *self._settings)
            self.process = subprocess.Popen(
                [f"{self._programs}/postgres", "-D", self.data,
                 *(word for setting in settings for word in ("-c", setting))],
                stderr=log, cwd="/", **self._drop)
        self._wait()

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast, does not wait for clients; SIGQUIT: at once, as in a crash."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def _wait(self):
        for _ in range(200):
            ready = subprocess.run(
                [f"{BIN}/pg_isready", "-q", "-h", self.folder, "-p", str(self.port),
                 "-U", "postgres"], check=False)
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not start; see " + self.folder + "/log")

    @property
    def conninfo(self):
        return f"host={self.folder} port={self.port} user=postgres dbname=postgres"

    @property
    def uri(self):
        """For SQLAlchemy, hence PyIceberg."""
        return f"postgresql+psycopg2://postgres@/postgres?host={self.folder}&port={self.port}"

    def own(self, folder):
        """Gives what lies in a folder to the user that the server runs as."""
        if self._drop:
            for path, folders, files in os.walk(folder):
                for name in (".", *folders, *files):
                    os.lchown(os.path.join(path, name), self._drop["user"], self._drop["group"])

    @property
    def socket(self):
        return f"{self.folder}/.s.PGSQL.{self.port}"

    def sql(self, *statements, database="postgres", user="postgres"):
        """Runs statements one by one, each in a transaction of its own; the last one's rows."""
        address = f"host={self.folder} port={self.port} user={user} dbname={database}"
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)
