"""Rows 22 and 23 of the list of bad input: batches that are too large for the consumer's limits, as
they are or inflated, from a real Kafka, through both sinks."""

import json
import sys
from pathlib import Path

import psycopg
import pytest
from pyiceberg.catalog.sql import SqlCatalog

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support")]
from project import Project  # noqa: E402
from stack import shared  # noqa: E402

FATAL = 2
LARGEST = 64 << 20
INFLATES = 40_000_000  # a thousand times and more what it is on its way
PIPELINE = """version: 1
pipeline: bad
source:
  kafka: ${KAFKA_BROKERS}
  topic: ${TOPIC}
  options:
    message.max.bytes: 1000000
    fetch.max.bytes: 1000000
    receive.message.max.bytes: 1100000
lake: ./lake
warehouse: ${DATABASE_URL}
bronze:
  raw.bad:
    format: json
    columns: {s: string}
silver:
  processed.bad:
    from: raw.bad
    sql: SELECT s FROM raw.bad
    warehouse: {table: public.bad, mode: append}
"""


class Run:
    """Three good records on each of two partitions, one large on the first, three more on each."""

    def __init__(self, size, codec, code):
        stack = shared("kafka", "postgres")
        topic = stack.topic(partitions=2, max_message_bytes=LARGEST)
        self.database = stack.database()
        project = Project(pipeline=PIPELINE, TOPIC=topic, DATABASE_URL=self.database,
                          KAFKA_BROKERS=stack.kafka.address)
        try:
            good = [json.dumps({"s": f"good {n}"}).encode() for n in range(3)]
            for partition in (0, 1):
                stack.produce(topic, good, partition=partition)
            stack.produce(topic, [b'{"s":"' + b"0" * size + b'"}'], partition=0,
                          compression_type=codec, message_max_bytes=LARGEST)
            for partition in (0, 1):
                stack.produce(topic, good, partition=partition)
            done = project.sluice("run", "--once", timeout=300)
            self.text = done.stdout + done.stderr
            assert done.returncode == code, self.text
            self.read_back()
            assert project.json("verify")["ok"]
        finally:
            project.close()

    def read_back(self):
        with psycopg.connect(self.database) as connection:
            self.rows = set(connection.execute("SELECT _partition, _offset FROM public.bad"))
            self.quarantine = connection.execute(
                'SELECT partition, "offset", reason FROM sluice.quarantine').fetchall()
        catalog = SqlCatalog("lake", uri=self.database.replace("postgresql:",
                                                               "postgresql+psycopg2:"))
        for name in ("raw.bad", "processed.bad"):
            found = catalog.load_table(name).scan().to_arrow().to_pylist()
            assert len(found) == len(self.rows), name
            assert {(row["_partition"], row["_offset"]) for row in found} == self.rows, name
        catalog.engine.dispose()


@pytest.mark.parametrize("size, codec", [(2_000_000, "none"), (INFLATES, "zstd"),
                                         (INFLATES, "gzip")],
                         ids=["22 as it is", "23 once inflated, zstd", "23 once inflated, gzip"])
def test_partition_stops_by_name(size, codec):
    run = Run(size, codec, FATAL)
    assert "batch_too_large" in run.text and "receive.message.max.bytes" in run.text, run.text
    other = {(1, n) for n in range(6)}
    assert run.rows - other <= {(0, n) for n in range(3)}, "nothing behind the batch is taken"
    assert run.rows >= other, "the other partition goes on"
    assert run.quarantine == [], "it is no data yet"
