"""A file larger than what the embedded broker keeps: nobody waits for the lake's cadence."""

import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402

ROWS = 60_000  # 7 MiB; the broker keeps 5
PIPELINE = """\
version: 1
pipeline: large
source: {kafka: embedded, topic: large}
lake: {root: ./lake, every: 10m}
warehouse: embedded
bronze:
  raw.large: {format: json, columns: {id: int, text: string}}
silver:
  processed.large:
    from: raw.large
    sql: SELECT id, text FROM raw.large
    warehouse: {table: public.large, mode: append}
"""


class EmbeddedBrokerTest(unittest.TestCase):
    def setUp(self):
        self.project = Project(pipeline=PIPELINE)
        self.addCleanup(self.project.close)

    def test_a_large_file_goes_through(self):
        lines = [f"{number},{'text ' * 20}{number}" for number in range(ROWS)]
        (self.project.folder / "large.csv").write_text("\n".join(["id,text", *lines]) + "\n",
                                                       encoding="utf-8")
        run = self.project.start("run")
        # Far less than lake.every: the producer has room again after each commit to the lake.
        self.project.ok("produce", "large.csv", "--type", "id=int", timeout=90)
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(timeout=60), 0, run.log.read_text(encoding="utf-8"))
        verified = self.project.json("verify")
        self.assertTrue(verified["ok"], verified)
        counted = self.project.json("warehouse", "sql", "SELECT count(*) AS n FROM public.large")
        self.assertEqual(counted, [{"n": str(ROWS)}])


if __name__ == "__main__":
    unittest.main()
