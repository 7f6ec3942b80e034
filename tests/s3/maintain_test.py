"""Maintenance of a lake on S3: what is removed is removed in the bucket, and nothing else."""

import signal
import time
import unittest

from pipeline_test import BOOKS_CSV, TABLES, LakeCase, s3, wait_until


NOW = ("--keep-snapshots", "1", "--snapshot-age", "0")


class MaintainCase(LakeCase):
    def fill(self, commits):
        self.store.make_buckets(*self.buckets)
        self.project.broker()
        for _ in range(commits):
            self.project.json("produce", BOOKS_CSV, "--acks", self.acks)
            self.project.ok("run", "--once", "--http", "off")


class MaintainOnS3Test(MaintainCase):
    def test_small_files_become_one_and_old_snapshots_go(self):
        self.fill(5)
        before = len(self.store.keys("raw"))
        self.project.json("maintain", "--dry-run", *NOW)
        self.assertEqual(len(self.store.keys("raw")), before)
        done = {table["table"]: table for table in self.project.json("maintain", *NOW)["tables"]}
        for name in TABLES:
            self.assertEqual((done[name]["files_before"], done[name]["files_after"]), (5, 1), done)
            self.assertIsNone(done[name]["skipped"])
            self.assertEqual(done[name]["snapshots_expired"], 5)
        data = [key for key in self.store.keys("raw") if key.endswith(".parquet")]
        self.assertEqual(len(data), 1)
        self.check(*TABLES)
        self.assertTrue(self.project.json("verify")["ok"])
        for table in TABLES:
            self.assertEqual(sorted(self.oracle.lake(table)), sorted(self.oracle.acknowledged()))


class TroubleTest(MaintainCase):
    """The store hangs, or refuses."""

    def test_a_stop_does_not_wait_for_a_store_that_hangs(self):
        self.fill(4)
        for method, what in (("PUT", ".parquet"), ("DELETE", "")):
            with self.subTest(method=method):
                relay = self.through(s3.times(9, method, s3.HANG, what))
                maintain = self.project.start("maintain", *NOW)
                wait_until(lambda: relay.count(method, what))
                self.assertEqual(self.stop(maintain), 75)
        self.project.env.update(self.store.env())
        self.project.ok("maintain", *NOW)
        self.assertTrue(self.project.json("verify")["ok"])

    def test_a_run_ends_beside_a_store_that_hangs(self):
        self.maintain_often()
        relay = self.through(s3.times(9, "DELETE", s3.HANG, ".sluice-check"))
        # The start cannot remove its own probes, one in each bucket, and does not mind.
        relay.rules.insert(0, s3.times(2, "DELETE", s3.error(403, "AccessDenied")))
        run = self.project.start("run", "--http", "off")
        wait_until(lambda: any(call.action == s3.HANG for call in relay.calls))
        self.assertEqual(self.stop(run), 0)

    def test_a_key_that_may_not_remove_is_enough_for_a_run(self):
        self.maintain_often()
        relay = self.through(s3.times(99, "DELETE", s3.error(403, "AccessDenied")))
        run = self.project.start("run", "--http", "off")
        wait_until(lambda: "objects may not be removed" in run.log.read_text())
        self.assertIn("s3:DeleteObject", run.log.read_text())
        asked = relay.count("DELETE")
        time.sleep(2.5)
        self.assertEqual(relay.count("DELETE"), asked, "said once, then left alone")
        self.assertEqual(self.stop(run), 0)

    def maintain_often(self):
        self.store.make_buckets(*self.buckets)
        file = self.project.folder / "sluice.yml"
        text = file.read_text(encoding="utf-8")
        self.addCleanup(file.write_text, text, encoding="utf-8")
        without_gold = text.partition("\ngold:")[0]  # which a stop would wait for
        file.write_text(without_gold + "\nmaintenance: {every: 1s}\n", encoding="utf-8")

    def through(self, *rules):
        """The project's store is behind a relay from now on."""
        relay = s3.Relay(self.store.port)
        self.addCleanup(relay.close)
        self.addCleanup(self.project.env.update, self.store.env())
        relay.rules.extend(rules)
        self.project.env.update(self.store.env(relay.endpoint))
        return relay

    def stop(self, process):
        """Ends it; returns its exit code."""
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
        self.assertLess(time.monotonic() - start, 4, process.log.read_text())
        return code


if __name__ == "__main__":
    unittest.main()
