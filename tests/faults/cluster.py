"""The services that a world stands on."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from fault_proxy import PostgresProxy  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import wait_until  # noqa: E402


def age_files(folder, seconds):
    """Makes all that lies there older; a worker may take files away meanwhile."""
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                then = path.stat().st_mtime - seconds
                os.utime(path, (then, then))
        except FileNotFoundError:
            continue


class EmbeddedCluster:
    """PostgreSQL is real; the broker is the embedded one in a process of its own, the lake a
    folder. Starts in a second; for what needs no more."""

    has = frozenset({"postgres"} | ({"root"} if os.getuid() == 0 else set()))
    allowed_exits = frozenset()

    def __init__(self):
        self.postgres = Postgres()
        self.postgres_proxy = PostgresProxy(self.postgres.socket)

    @property
    def conninfo(self):
        """Past the proxy, for the audit."""
        return self.postgres.conninfo

    @property
    def uri(self):
        """For SQLAlchemy, hence PyIceberg."""
        return self.postgres.uri

    def place(self, name):
        address = f"postgres://postgres@127.0.0.1:{self.postgres_proxy.port}/postgres"
        return {"kafka": "embedded", "lake": "{root: ./lake, every: EVERY}", "io": {},
                "env": {"DATABASE_URL": address + "?sslmode=disable"}}

    def make_topic(self, project, name, partitions):
        broker = project.broker(partitions)
        wait_until(lambda: "127.0.0.1:" in broker.log.read_text() or broker.poll() is not None)
        return broker.log.read_text().split()[0]

    def drop_topic(self, name):
        pass

    def crash_postgres(self):
        self.postgres.stop(signal.SIGQUIT)

    def start_postgres(self):
        self.postgres.start()

    def copy_postgres(self):
        """The stopped server's files, in a folder of their own."""
        copy = tempfile.mkdtemp(prefix="sluice-copy-", dir=self.postgres.folder)
        return shutil.copytree(self.postgres.folder + "/data", copy + "/data")

    def restore_postgres(self, copy):
        data = self.postgres.folder + "/data"
        shutil.rmtree(data)
        os.rename(copy, data)
        self.postgres.own(data)

    def age_lake(self, folder, seconds):
        age_files(Path(folder) / "lake", seconds)

    @property
    def cuts(self):
        return self.postgres_proxy.cuts

    def heal(self):
        self.postgres_proxy.heal()

    def close(self):
        self.postgres_proxy.close()
        self.postgres.close()
