"""A partition that cannot go on: seen by readiness and metrics, and no reason to be killed."""

import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.path.insert(0, str(ROOT / "tests/serve"))
from http_test import ask, listening, status  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402
from stack import shared  # noqa: E402

PIPELINE = """version: 1
pipeline: stopped
source: {{kafka: "{brokers}", topic: {topic}}}
lake: ./lake
warehouse: ${{DATABASE_URL}}
bronze:
  raw.numbers: {{format: json, columns: {{n: int}}}}
silver:
  processed.numbers:
    from: raw.numbers
    sql: SELECT n FROM raw.numbers
    warehouse: {{table: public.numbers}}
"""


class StoppedTest(unittest.TestCase):
    def test_a_lost_range_makes_it_unready(self):
        kafka = shared("kafka")
        topic = kafka.topic(partitions=2)
        postgres = Postgres()
        self.addCleanup(postgres.close)
        project = Project(pipeline=PIPELINE.format(brokers=kafka.kafka.address, topic=topic),
                          DATABASE_URL=postgres.conninfo)
        self.addCleanup(project.close)
        for partition in (0, 1):
            kafka.produce(topic, [b'{"n": 1}'] * 5, partition=partition)
        project.ok("run", "--once")
        kafka.produce(topic, [b'{"n": 2}'] * 5, partition=0)
        kafka.delete_records(topic, 0, 8)  # the mark is 5: three records are gone

        run = project.start("run", "--http", "127.0.0.1:0")
        port = listening(run)
        wait_until(lambda: "partition_stopped" in ask(port, "/readyz")[2], 60)
        code, _, body = ask(port, "/readyz")
        self.assertEqual(code, 503)
        self.assertEqual([reason["text"] for reason in json.loads(body)["reasons"]],
                         ["partition 0 is stopped: source_data_lost"])
        self.assertEqual(ask(port, "/livez")[0], 200)
        self.assertIn('sluice_partition_stopped{pipeline="stopped",partition="0"} 1\n',
                      ask(port, "/metrics")[2])
        stopped = {p["partition"]: p["stopped"] for p in status(port)["partitions"]}
        self.assertEqual(stopped[0]["code"], "source_data_lost")
        self.assertIsNone(stopped[1])
        kafka.produce(topic, [b'{"n": 3}'] * 4, partition=1)
        wait_until(lambda: status(port)["records"]["ok"] == 4)  # the other one goes on
        done = project.sluice("status", "--health", "--http", f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("partition 0 is stopped: source_data_lost", done.stdout)


if __name__ == "__main__":
    unittest.main()
