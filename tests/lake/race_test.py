"""Several writers at one table, and lists that grow long."""

import threading
import unittest

from lake_case import LakeCase, table
from pyiceberg.exceptions import CommitFailedException

PLAIN = table("t", "id: long!; who: string")


def one(number, who):
    return f"SELECT {number}::bigint AS id, '{who}' AS who"


class RaceTest(LakeCase):
    def test_everybody_lands_once(self):
        """Two of ours and PyIceberg append to one table: nothing is lost, nothing doubled."""
        ours = [self.open(PLAIN), self.open(PLAIN)]
        rounds, failures, foreign = 25, [], []

        def append(tool, who):
            try:
                for number in range(rounds):
                    self.commit(tool, one(number, who))
            except AssertionError as error:
                failures.append(error)

        def append_foreign():
            sample = None
            for number in range(8):
                try:
                    loaded = self.load("raw.t")
                    if sample is None:
                        sample = loaded.scan().to_arrow().slice(0, 1)
                    if len(sample):
                        theirs = sample.set_column(1, "who", [["foreign"]])
                        loaded.append(theirs.cast(sample.schema))
                        foreign.append(number)
                    else:
                        sample = None
                except CommitFailedException:
                    pass  # it gave up; its rows are not there

        threads = [threading.Thread(target=append, args=(tool, f"w{i}"))
                   for i, tool in enumerate(ours)] + [threading.Thread(target=append_foreign)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        counts = dict(self.duckdb_rows("raw.t", "who, count(*)", "true GROUP BY who"))
        self.assertEqual((counts["w0"], counts["w1"]), (rounds, rounds))
        self.assertEqual(counts.get("foreign", 0), len(foreign))
        self.check("raw.t", orphans=False)

    def test_another_commit_between_seal_and_apply(self):
        tool, other = self.open(PLAIN), self.open(PLAIN)
        tool.do("append", rows=[one(1, "first")])
        tool.do("seal")
        self.commit(other, one(2, "second"))
        tool.do("commit")
        self.expect_rows("raw.t", one(1, "first") + " UNION ALL " + one(2, "second"), "id")
        self.check("raw.t")

    def test_long_lists_are_merged_and_nothing_changes(self):
        split = table("t", "id: long!; who: string", ["identity who"])
        tool = self.open(split)
        for number in range(104):
            self.commit(tool, one(number, f"p{number % 3}"))
        metadata = self.load("raw.t").metadata
        lengths = []
        for snapshot in metadata.snapshots:
            lengths.append(len(snapshot.manifests(self.load("raw.t").io)))
        self.assertEqual(lengths[:100], list(range(1, 101)))
        self.assertEqual(lengths[100:], [2, 3, 4, 5])
        rows = "SELECT i AS id, 'p' || i % 3 AS who FROM range(104) r(i)"
        self.expect_rows("raw.t", rows, "id")
        self.check("raw.t", orphans=False)  # the oldest metadata files are no longer named
        entries = self.load("raw.t").inspect.entries()
        numbers = sorted(entries["sequence_number"].to_pylist())
        self.assertEqual(numbers, list(range(1, 105)))

    def test_a_merge_of_what_another_engine_rewrote_is_dropped(self):
        tool = self.open(PLAIN)
        for number in range(100):
            self.commit(tool, one(number, "ours"))
        tool.do("append", rows=[one(100, "ours")])
        tool.do("seal")  # a merge of the hundred is prepared
        self.load("raw.t").delete("id = 50")
        tool.do("commit")
        self.expect_rows("raw.t", "SELECT i AS id, 'ours' AS who FROM range(101) r(i)"
                         " WHERE i <> 50", "id")
        self.check("raw.t", orphans=False)
        self.commit(tool, one(101, "ours"))
        self.check("raw.t", orphans=False)
        self.assertEqual(len(self.load("raw.t").scan().to_arrow()), 101)


if __name__ == "__main__":
    unittest.main()
