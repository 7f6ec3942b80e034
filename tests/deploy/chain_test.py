"""The environment that Compose gives to sluice, tried on real servers: the books from CSV to gold
on an S3 lake, and the answers that the health check sees."""

import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.path.insert(0, str(ROOT / "tests/serve"))
sys.path.insert(0, str(ROOT / "tests/deploy"))
from compose_test import load  # noqa: E402
from http_test import ask, free_port  # noqa: E402
from project import Project, wait_until  # noqa: E402
from stack import shared  # noqa: E402


class ChainTest(unittest.TestCase):
    def test_the_books_arrive(self):
        code, project, complaint = load()
        self.assertEqual(code, 0, complaint)
        sluice, produce = project["services"]["sluice"], project["services"]["produce"]
        stack = shared()
        s3, port = stack.s3.env(), free_port()
        # Only addresses and keys are ours; loopback in IPv6's clothes counts as an open address.
        env = {**sluice["environment"],
               "KAFKA_BROKERS": stack.kafka.address,
               "S3_ENDPOINT": s3["S3_ENDPOINT"],
               "AWS_ACCESS_KEY_ID": s3["AWS_ACCESS_KEY_ID"],
               "AWS_SECRET_ACCESS_KEY": s3["AWS_SECRET_ACCESS_KEY"],
               "DATABASE_URL": stack.database() + "?sslmode=disable",
               "SLUICE_HTTP": f"[::ffff:127.0.0.1]:{port}"}
        token = env["SLUICE_HTTP_TOKEN"]
        books = Project("books", **env)
        self.addCleanup(books.close)
        topic = f"chain_{port}"
        pipeline = (books.folder / "sluice.yml").read_text()
        books.write("sluice.yml", pipeline.replace("topic: sensor_stream", f"topic: {topic}"))
        health = sluice["healthcheck"]["test"]
        self.assertEqual(health[:2], ["CMD", "sluice"])

        self.assertEqual(books.sluice(*health[2:]).returncode, 69)
        books.ok(*produce["command"])
        run = books.start(*sluice["command"])
        wait_until(lambda: books.sluice(*health[2:]).returncode == 0, 60)

        def status():
            return json.loads(ask(port, "/api/v1/status", Authorization=f"Bearer {token}")[2])
        wait_until(lambda: status()["records"]["ok"] == 174, 60)
        self.assertEqual(len(status()["partitions"]), 4)
        run.terminate()
        # dbt's first start takes long where many share the processor.
        self.assertEqual(run.wait(timeout=180), 0, run.log.read_text())
        counts = books.json("warehouse", "sql", "SELECT (SELECT count(*) FROM fact_books) books, "
                                                "(SELECT count(*) FROM dim_author) authors")
        self.assertEqual({name: int(n) for name, n in counts[0].items()},
                         {"books": 174, "authors": 157})
        books.ok("verify")
        for secret in (token, env["AWS_SECRET_ACCESS_KEY"]):
            self.assertNotIn(secret, run.log.read_text())


if __name__ == "__main__":
    unittest.main()
