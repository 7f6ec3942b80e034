"""Maintenance of a lake on S3: what is removed is removed in the bucket, and nothing else."""

import unittest

from pipeline_test import BOOKS_CSV, TABLES, LakeCase


NOW = ("--keep-snapshots", "1", "--snapshot-age", "0")


class MaintainOnS3Test(LakeCase):
    def test_small_files_become_one_and_old_snapshots_go(self):
        self.store.make_buckets(*self.buckets)
        self.project.broker()
        for _ in range(5):
            self.project.json("produce", BOOKS_CSV, "--acks", self.acks)
            self.project.ok("run", "--once", "--http", "off")
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


if __name__ == "__main__":
    unittest.main()
