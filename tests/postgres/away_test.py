"""PostgreSQL that is not there yet, dies under load and comes back: waited for, and exact."""

import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipelines import ROWS, small_project, with_records  # noqa: E402
from oracle import Oracle  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import wait_until  # noqa: E402


class AwayTest(unittest.TestCase):
    def setUp(self):
        # Killed on purpose: what was committed must be there again.
        self.server = Postgres(settings=("fsync=on",))
        self.project = small_project(self.server.conninfo)
        self.acks = self.project.folder / "acks.jsonl"
        self.oracle = Oracle(self.server.conninfo, self.server.uri, self.acks)

    def tearDown(self):
        self.project.close()
        if self.server.process.poll() is not None:
            self.server.start()
        self.server.close()

    def text(self, process):
        return process.log.read_text(encoding="utf-8")

    def owned(self):
        """Whether a worker has claimed a partition: then it has gone through its start."""
        if not self.server.sql("SELECT to_regclass('sluice.position') IS NOT NULL")[0][0]:
            return False
        return self.server.sql("SELECT count(*) FROM sluice.position WHERE owner IS NOT NULL") \
            != [(0,)]

    def reads(self):
        """Whether a worker has done all that a claim takes, the look for zombies at its end, too:
        without a server that would begin anew."""
        return self.owned() and self.server.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'sluice:%' "
            "AND state = 'idle' AND query LIKE '%pg_terminate_backend%'") != [(0,)]

    def committed(self):
        return self.oracle.sql("SELECT coalesce(sum(n_ok), 0) FROM sluice.commit")[0][0]

    def test_away_at_the_start(self):
        self.server.stop()
        begun = time.monotonic()
        done = self.project.sluice("run", "--once", "--wait", "2")
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("waiting for PostgreSQL", done.stderr)
        self.assertIn("waited 2 s for PostgreSQL", done.stderr)
        self.assertGreater(time.monotonic() - begun, 1.5)

        with_records(self.project)
        run = self.project.start("run", "--once")
        wait_until(lambda: "waiting for PostgreSQL" in self.text(run))
        self.server.start()
        self.assertEqual(run.wait(60), 0, self.text(run))
        self.assertEqual(self.server.sql("SELECT count(*) FROM people"), [(ROWS,)])

    def test_a_stop_while_waiting(self):
        self.server.stop()
        run = self.project.start("run")
        wait_until(lambda: "waiting for PostgreSQL" in self.text(run))
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(10), 75, self.text(run))

    def test_killed_under_load(self):
        self.project.broker(4)
        producer = self.project.start("produce", "people.csv", "--rate", "2000", "--repeat",
                                      "10000", "--acks", self.acks)
        run = self.project.start("run", "--workers", "2")
        wait_until(lambda: "reading topic" in self.text(run))
        for turn in range(3):
            wait_until(lambda: self.committed() > 0)
            before = self.committed()
            wait_until(lambda: self.committed() > before, 60)
            self.server.stop(signal.SIGKILL if turn < 2 else signal.SIGINT)
            time.sleep(1 + turn)
            self.assertIsNone(run.poll(), self.text(run))
            self.server.start()
        before = self.committed()
        wait_until(lambda: self.committed() > before, 60)
        self.assertIn("will be tried again", self.text(run))
        producer.send_signal(signal.SIGTERM)
        wait_until(lambda: producer.poll() is not None)
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(60), 0, self.text(run))
        self.project.ok("run", "--once")
        faults = self.oracle.compare(["raw.people", "processed.people"], ["public.people"])
        self.assertEqual(faults, [])
        self.assertGreater(len(self.oracle.acknowledged()), 1000)
        self.project.ok("verify")

    def test_an_idle_run_says_that_it_is_away(self):
        self.project.broker(1)
        run = self.project.start("run")
        wait_until(self.owned)
        self.server.stop()
        # A line of progress comes every ten seconds.
        wait_until(lambda: "waiting: PostgreSQL" in self.text(run), 30)
        self.server.start()
        self.project.ok("produce", "people.csv")
        wait_until(lambda: self.server.sql("SELECT count(*) FROM people") == [(ROWS,)], 60)
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(60), 0, self.text(run))

    def test_a_stop_while_it_is_away(self):
        self.project.broker(1)
        run = self.project.start("run")
        wait_until(self.reads)
        self.server.stop()
        self.project.ok("produce", "people.csv")
        wait_until(lambda: "will be tried again" in self.text(run))
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(30), 75, self.text(run))
        self.server.start()
        self.project.ok("run", "--once")
        self.assertEqual(self.server.sql("SELECT count(*) FROM people"), [(ROWS,)])


if __name__ == "__main__":
    unittest.main()
