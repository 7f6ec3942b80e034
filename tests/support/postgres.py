"""A PostgreSQL server in a temporary folder, reached by its Unix socket only."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

BIN = "/usr/lib/postgresql/15/bin"


class Postgres:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-pg-", dir="/tmp")
        self._drop = {}
        if os.getuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = self.folder + "/data"
        subprocess.run(
            [f"{BIN}/initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
             "--no-locale", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **self._drop)
        self.start()

    def start(self):
        with open(self.folder + "/log", "ab") as log:
            self.process = subprocess.Popen(
                [f"{BIN}/postgres", "-D", self.folder + "/data", "-c", "listen_addresses=",
                 "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off"],
                stderr=log, cwd="/", **self._drop)
        self._wait()

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast, does not wait for clients; SIGQUIT: at once, as in a crash."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def _wait(self):
        for _ in range(200):
            ready = subprocess.run(
                [f"{BIN}/pg_isready", "-q", "-h", self.folder, "-U", "postgres"], check=False)
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not start; see " + self.folder + "/log")

    @property
    def conninfo(self):
        return f"host={self.folder} user=postgres dbname=postgres"

    @property
    def uri(self):
        """For SQLAlchemy, hence PyIceberg."""
        return f"postgresql+psycopg2://postgres@/postgres?host={self.folder}"

    def own(self, folder):
        """Gives what lies in a folder to the user that the server runs as."""
        if self._drop:
            for path, folders, files in os.walk(folder):
                for name in (".", *folders, *files):
                    os.lchown(os.path.join(path, name), self._drop["user"], self._drop["group"])

    @property
    def socket(self):
        return self.folder + "/.s.PGSQL.5432"

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)
