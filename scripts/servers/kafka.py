"""Apache Kafka, one KRaft node: a plain listener, and one with TLS and passwords."""

import os
import socket
import struct

from .process import DEPS, Server, StackError, run

LIBS = DEPS / "kafka-4.4.0/libs"
USER = "sluice"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAIN://127.0.0.1:{port},SECURE://127.0.0.1:{tls_port},\\
  CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAIN://127.0.0.1:{port},SECURE://localhost:{tls_port}
listener.security.protocol.map=PLAIN:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAIN
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.backoff.ms=1000
message.max.bytes=16777216
ssl.keystore.type=PEM
ssl.keystore.location={folder}/tls/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/tls/ca.pem
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config={security}.plain.PlainLoginModule required \\
  user_{user}="{password}";
listener.name.secure.scram-sha-256.sasl.jaas.config={security}.scram.ScramLoginModule required;
listener.name.secure.scram-sha-512.sasl.jaas.config={security}.scram.ScramLoginModule required;
"""

LOGGING = """\
<Configuration status="warn">
  <Appenders>
    <Console name="out"><PatternLayout pattern="%d %p %m (%c{1})%n"/></Console>
  </Appenders>
  <Loggers><Root level="info"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


class Kafka(Server):
    name = "kafka"
    ports = ("port", "tls_port", "controller_port")
    start_seconds = 120  # after kill -9 it reads its logs first

    def argv(self):
        return ["java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC",
                f"-Dlog4j2.configurationFile={self.folder}/log4j2.xml", "-cp", f"{LIBS}/*",
                "kafka.Kafka", self.folder / "server.properties"]

    def environment(self):
        # Tests start it often and ask little of it: half the processor time until it is ready.
        return {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"} if self.die_with_parent else {}

    def make(self):
        if not LIBS.exists():
            raise StackError("Kafka is not installed: run scripts/deps")
        self.choose_ports()
        self.configure()
        self._make_certificates()
        scram = [f"{kind}=[name={USER},password={self.settings['password']}]"
                 for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
        run(["java", "-Xmx128m", "-XX:TieredStopAtLevel=1",
             f"-Dlog4j2.configurationFile={self.folder}/log4j2.xml", "-cp", f"{LIBS}/*",
             "kafka.tools.StorageTool", "format", "-t", self.settings["cluster_id"],
             "-c", self.folder / "server.properties",
             *(item for text in scram for item in ("--add-scram", text))])

    def configure(self):
        text = PROPERTIES.format(folder=self.folder, data=self.data, user=USER,
                                 security="org.apache.kafka.common.security", **self.settings)
        properties = self.folder / "server.properties"
        properties.touch(mode=0o600)
        properties.write_text(text, encoding="utf-8")
        (self.folder / "log4j2.xml").write_text(LOGGING, encoding="utf-8")

    def _make_certificates(self):
        """A certificate for `localhost` only: 127.0.0.1 is a wrong host."""
        tls = self.folder / "tls"
        tls.mkdir(exist_ok=True)
        for name in ("ca", "other-ca"):
            run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-subj",
                 f"/CN=sluice {name}", "-keyout", tls / f"{name}.key", "-out", tls / f"{name}.pem"])
        run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-subj", "/CN=localhost", "-keyout", tls / "broker.key",
             "-out", tls / "broker.csr"])
        (tls / "broker.ext").write_text("subjectAltName=DNS:localhost\n", encoding="utf-8")
        run(["openssl", "x509", "-req", "-in", tls / "broker.csr", "-CA", tls / "ca.pem",
             "-CAkey", tls / "ca.key", "-set_serial", "2", "-days", "3650", "-extfile",
             tls / "broker.ext", "-out", tls / "broker.crt"])
        both = (tls / "broker.key").read_text() + (tls / "broker.crt").read_text()
        (tls / "broker.pem").touch(mode=0o600)
        (tls / "broker.pem").write_text(both, encoding="utf-8")

    def cluster_id(self):
        """Asks who answers (DescribeCluster v0), without a client library."""
        request = struct.pack(">hhih5sBBB", 60, 0, 1, 5, b"stack", 0, 0, 0)
        with socket.create_connection(("127.0.0.1", self.settings["port"]), timeout=5) as link:
            link.sendall(struct.pack(">i", len(request)) + request)
            answer = link.makefile("rb")
            head = answer.read(4)
            if len(head) < 4:
                raise StackError(f"what answers at {self.address} is not Kafka")
            body = answer.read(struct.unpack(">i", head)[0])
        # correlation, tags, throttle, error, message (absent), then a compact string
        length = body[12] - 1
        return body[13:13 + length].decode()

    def check(self):
        found = self.cluster_id()
        if found != self.settings["cluster_id"]:
            raise StackError(f"another Kafka answers at {self.address}: cluster {found}")

    @property
    def tls_address(self):
        return f"localhost:{self.settings['tls_port']}"

    @property
    def ca_file(self):
        return self.folder / "tls/ca.pem"

    @property
    def password(self):
        return self.settings["password"]

    def env(self):
        return {"KAFKA_BROKERS": self.address, "KAFKA_TLS_BROKERS": self.tls_address,
                "KAFKA_CA_FILE": str(self.ca_file), "KAFKA_USERNAME": USER,
                "KAFKA_PASSWORD": self.password}
