"""Kafka, S3 and PostgreSQL themselves, with a fault proxy before each.

Workers reach all three through the proxies; the load and the audit go past them. PostgreSQL's and
S3's clients take any address; Kafka tells its clients where to go, so it has a listener of its own
that it gives out with the proxy's address.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "support"),
                str(Path(__file__).resolve().parents[2] / "scripts")]
from cluster import age_files  # noqa: E402
from fault_proxy import FaultProxy, HttpProxy, PostgresProxy  # noqa: E402
from servers.kafka import Kafka  # noqa: E402
from servers.postgres import Postgres  # noqa: E402
from servers.s3 import REGION, S3  # noqa: E402
from servers.stack import new_settings  # noqa: E402
from project import wait_until  # noqa: E402


class ProxiedKafka(Kafka):
    ports = (*Kafka.ports, "proxied_port")
    proxy_port = 0  # what clients of the proxied listener are told

    def configure(self):
        super().configure()
        extra = {}
        properties = self.folder / "server.properties"
        text = properties.read_text(encoding="utf-8")
        for line in text.replace("\\\n", "").splitlines():
            key, _, value = line.partition("=")
            extra[key] = value.replace(" ", "")
        own = f"PROXIED://127.0.0.1:{self.settings['proxied_port']}"
        for key, more in (("listeners", own),
                          ("advertised.listeners", f"PROXIED://127.0.0.1:{self.proxy_port}"),
                          ("listener.security.protocol.map", "PROXIED:PLAINTEXT")):
            text += f"{key}={extra[key]},{more}\n"
        # A dead worker is noticed soon; a log is closed soon, so that it can be deleted.
        text += "group.min.session.timeout.ms=500\nlog.roll.ms=30000\n"
        properties.write_text(text, encoding="utf-8")


class RealCluster:
    has = frozenset({"postgres", "kafka", "s3"} | ({"root"} if os.getuid() == 0 else set()))
    allowed_exits = frozenset()

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-real-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as another user
        settings = new_settings()
        self.kafka, self.s3, self.postgres = (
            kind(self.folder / kind.name, settings[kind.name], lambda: None, True)
            for kind in (ProxiedKafka, S3, Postgres))
        self.kafka.choose_ports()
        self.kafka_proxy = FaultProxy(("127.0.0.1", self.kafka.settings["proxied_port"]))
        self.kafka.proxy_port = self.kafka_proxy.port
        for server in self.servers:
            server.start()
        self.postgres_proxy = PostgresProxy(("127.0.0.1", self.postgres.settings["port"]))
        self.s3_proxy = HttpProxy(("127.0.0.1", self.s3.settings["port"]))
        self.proxies = (self.kafka_proxy, self.postgres_proxy, self.s3_proxy)
        self.admin = AdminClient({"bootstrap.servers": self.kafka.address, "log_level": 2})

    @property
    def servers(self):
        return (self.postgres, self.s3, self.kafka)

    @property
    def conninfo(self):
        return self.postgres.url("sluice")

    @property
    def uri(self):
        """For SQLAlchemy, hence PyIceberg."""
        return self.conninfo.replace("postgresql://", "postgresql+psycopg2://", 1)

    def place(self, name):
        database = (f"postgres://sluice:{self.postgres.settings['password']}@127.0.0.1:"
                    f"{self.postgres_proxy.port}/sluice?sslmode=disable")
        keys = self.s3.env()
        env = {"DATABASE_URL": database, "S3_ENDPOINT": f"http://127.0.0.1:{self.s3_proxy.port}",
               "S3_REGION": REGION, "AWS_ACCESS_KEY_ID": keys["AWS_ACCESS_KEY_ID"],
               "AWS_SECRET_ACCESS_KEY": keys["AWS_SECRET_ACCESS_KEY"]}
        io = {"s3.endpoint": keys["S3_ENDPOINT"], "s3.region": REGION,
              "s3.access-key-id": keys["AWS_ACCESS_KEY_ID"],
              "s3.secret-access-key": keys["AWS_SECRET_ACCESS_KEY"]}
        return {"kafka": f"127.0.0.1:{self.kafka_proxy.port}", "env": env, "io": io,
                "lake": "{root: %s, every: EVERY}" % (os.environ.get("FAULTS_LAKE", "'s3://'"))}

    def make_topic(self, project, name, partitions):
        self.create_topic(name, partitions)
        return self.kafka.address

    def create_topic(self, name, partitions=4, **settings):
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=settings)
        self.admin.create_topics([topic])[name].result(60)
        wait_until(lambda: self.knows(name))

    def knows(self, name):
        try:
            self.admin.describe_topics(TopicCollection([name]))[name].result(30)
            return True
        except Exception:  # noqa: BLE001 - the client has one class for all
            return False

    def delete_topic(self, name):
        self.admin.delete_topics([name])[name].result(60)
        wait_until(lambda: not self.knows(name))

    def drop_topic(self, name):
        if self.knows(name):
            self.delete_topic(name)

    def crash_postgres(self):
        self.postgres.stop_signal = 3  # SIGQUIT: -m immediate
        self.postgres.stop()
        self.postgres.stop_signal = Postgres.stop_signal

    def start_postgres(self):
        self.postgres.start()

    def copy_postgres(self):
        copy = self.postgres.folder / "copy"
        subprocess.run(["cp", "-a", self.postgres.data, copy], check=True)
        return copy

    def restore_postgres(self, copy):
        shutil.rmtree(self.postgres.data)
        copy.rename(self.postgres.data)

    def age_lake(self, _, seconds):
        """The store says of an object what its file says."""
        age_files(self.s3.data, seconds)

    @property
    def cuts(self):
        return sum(proxy.cuts for proxy in self.proxies)

    def heal(self):
        for proxy in self.proxies:
            proxy.heal()

    def close(self):
        for proxy in self.proxies:
            proxy.close()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
