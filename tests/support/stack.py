"""Real servers for a test session: Kafka, S3 and PostgreSQL, started once and shared.

    stack = shared("kafka", "postgres")          # the first call starts them
    topic = stack.topic(partitions=4)            # a fresh one, with a name of its own
    acks = stack.produce(topic, [b'{"id": 1}'])  # acknowledged: [Ack(partition, offset, …)]
    project = Project(pipeline=…, **stack.env())
    stack.kafka.kill(); stack.kafka.start()      # also stop, freeze, thaw, pids
    stack.postgres.url()                         # the superuser's; env() has the pipeline's

A test that kills or stops a server starts it again. SLUICE_STACK_DIR names a stack that
`scripts/stack up` started: it is used, and left running.
"""

import atexit
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections import namedtuple
from functools import partial
from pathlib import Path

import psycopg
from confluent_kafka import (ConsumerGroupTopicPartitions, Producer, TopicCollection,
                             TopicPartition)
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource,
                                   NewPartitions, NewTopic)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import servers  # noqa: E402

QUIET = logging.getLogger("kafka-client")  # a broker that is away is no news here
QUIET.disabled = True
Ack = namedtuple("Ack", "partition offset sha256 value")
WAIT = 60
_shared = None


def shared(*names):
    """The session's stack with these servers running, or all; ended when Python ends."""
    global _shared
    if _shared is None:
        _shared = TestStack(os.environ.get("SLUICE_STACK_DIR"))
        atexit.register(_shared.close)
    _shared.up(names or None)
    return _shared


class TestStack(servers.Stack):
    __test__ = False

    def __init__(self, folder=None):
        """In a folder of its own that goes with it, or in a given one that stays."""
        self._temporary = folder is None
        if self._temporary:
            folder = tempfile.mkdtemp(prefix="sluice-stack-")
            os.chmod(folder, 0o755)  # PostgreSQL runs as another user
        super().__init__(folder, die_with_parent=self._temporary)
        self.kafka, self.s3, self.postgres = (self.servers[n] for n in ("kafka", "s3", "postgres"))
        self._admin = self._producer = None

    def close(self):
        self._producer = None
        if self._temporary and self.folder.exists():
            self.down()
            shutil.rmtree(self.folder, ignore_errors=True)

    # Topics.

    @property
    def admin(self):
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.kafka.address}, logger=QUIET)
        return self._admin

    def topic(self, name=None, partitions=1, **config):
        """Creates a topic; settings as `cleanup_policy="compact"`. Returns its name."""
        name = name or f"t-{uuid.uuid4().hex[:10]}"
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=settings)
        self.admin.create_topics([new])[name].result(WAIT)
        self._until(lambda: self.topic_uuid(name))
        return name

    def delete_topic(self, name):
        self.admin.delete_topics([name])[name].result(WAIT)
        self._until(lambda: name not in self.admin.list_topics(timeout=WAIT).topics)

    def topic_uuid(self, name):
        """None when there is no such topic."""
        asked = self.admin.describe_topics(TopicCollection([name]))
        try:
            return str(asked[name].result(WAIT).topic_id)
        except Exception as error:  # noqa: BLE001 - the client knows one class
            assert "UNKNOWN_TOPIC" in str(error), error
            return None

    def add_partitions(self, name, total):
        self.admin.create_partitions([NewPartitions(name, total)])[name].result(WAIT)
        self._producer = None  # the next one asks for the partitions

    def group_offsets(self, group, topic):
        """What a lag tool sees: partition → committed offset."""
        asked = [ConsumerGroupTopicPartitions(group)]
        done = self.admin.list_consumer_group_offsets(asked)[group].result(WAIT)
        return {at.partition: at.offset for at in done.topic_partitions if at.topic == topic}

    def group_members(self, group):
        """The client ids of a group's members; None while they share the partitions out."""
        told = self.admin.describe_consumer_groups([group])[group].result(WAIT)
        if told.state.name.endswith("REBALANCING"):
            return None
        return [member.client_id for member in told.members]

    def delete_records(self, name, partition, before):
        """As retention does: the log now begins at offset `before`."""
        at = TopicPartition(name, partition, before)
        for future in self.admin.delete_records([at]).values():
            future.result(WAIT)

    # Records.

    def produce(self, topic, values, partition=None, acks=None, **settings):
        """Sends values (bytes, or dicts with value, key, headers, timestamp, partition) and waits
        until all are acknowledged. `acks` names a file for tests/support/oracle.py; settings as
        `compression_type="zstd"`. Returns an Ack for each, in the order of values."""
        names = {key.replace("_", "."): value for key, value in settings.items()}
        producer = self._producer
        if producer is None or names:
            producer = Producer({"bootstrap.servers": self.kafka.address, "acks": "all",
                                 "enable.idempotence": True, "linger.ms": 5, **names}, logger=QUIET)
        if not names:
            self._producer = producer
        done = {}
        items = [value if isinstance(value, dict) else {"value": value} for value in values]
        for number, item in enumerate(items):
            if partition is not None:
                item = {"partition": partition, **item}
            send(producer, topic, item, partial(take, done, number))
        left = producer.flush(WAIT)
        assert left == 0, f"{left} records were not acknowledged"
        taken = [done[number] for number in range(len(items))]
        if acks:
            write_acks(acks, taken)
        return taken

    def sql(self, query, database="sluice"):
        """Runs SQL as the superuser; returns rows, or nothing where there are none."""
        with psycopg.connect(self.postgres.url(database), autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def database(self):
        """Makes an empty database of a fresh name; returns its URL for sluice."""
        name = f"d_{uuid.uuid4().hex[:10]}"
        self.sql(f"CREATE DATABASE {name} OWNER sluice")
        return self.postgres.env()["DATABASE_URL"].rpartition("/")[0] + f"/{name}"

    def set_topic(self, name, **config):
        """Changes a topic's settings."""
        entries = [ConfigEntry(key.replace("_", "."), str(value),
                               incremental_operation=AlterConfigOpType.SET)
                   for key, value in config.items()]
        resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)
        for future in self.admin.incremental_alter_configs([resource]).values():
            future.result(WAIT)

    @staticmethod
    def _until(condition):
        end = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)


def send(producer, topic, item, on_done):
    """Waits while the client's queue is full."""
    end = time.monotonic() + WAIT
    while True:
        try:
            producer.produce(topic, on_delivery=on_done, **item)
            producer.poll(0)
            return
        except BufferError:
            assert time.monotonic() < end, "the broker takes nothing"
            producer.poll(0.05)


def take(done, number, error, message):
    assert error is None, error
    value = message.value()
    done[number] = Ack(message.partition(), message.offset(),
                       hashlib.sha256(value or b"").hexdigest(), value)


def write_acks(path, acks):
    with open(path, "a", encoding="utf-8") as file:
        for ack in acks:
            row = {"partition": ack.partition, "offset": ack.offset, "sha256": ack.sha256}
            file.write(json.dumps(row) + "\n")
