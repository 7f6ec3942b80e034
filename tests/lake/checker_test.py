"""The checker finds seeded damage; a checker that stays silent proves nothing."""

import io
import json
import os
import shutil
import struct
import unittest

import fastavro
from lake_case import LakeCase, table

TABLE = table("t", "id: long!; name: string; x: double; who: string", ["identity who"])
ROWS = ("SELECT i AS id, CASE WHEN i % 4 = 0 THEN NULL ELSE 'a name of more than sixteen ' || i END"
        " AS name, CASE WHEN i % 5 = 0 THEN 'nan'::double ELSE i / 2 END AS x,"
        " CASE WHEN i % 2 = 0 THEN 'even' END AS who FROM range({0}, {0} + 20) r(i)")


def local(address):
    return address.removeprefix("file://")


class Damage:
    """Rewrites files of a table in place, keeping everything else consistent."""

    def __init__(self, pointer):
        self.pointer = local(pointer)
        with open(self.pointer, encoding="utf-8") as file:
            self.metadata = json.load(file)
        self.list = local(self.metadata["snapshots"][-1]["manifest-list"])
        self.manifests = [local(m["manifest_path"]) for m in self.records(self.list)]

    @staticmethod
    def records(path):
        with open(path, "rb") as file:
            return list(fastavro.reader(file))

    @staticmethod
    def rewrite(path, change):
        with open(path, "rb") as file:
            reader = fastavro.reader(file)
            records = list(reader)
            metadata = {key: value for key, value in reader.metadata.items()
                        if not key.startswith("avro.")}
            schema = json.loads(reader.metadata["avro.schema"])
        change(records)
        out = io.BytesIO()
        fastavro.writer(out, schema, records, codec="deflate", metadata=metadata)
        with open(path, "wb") as file:
            file.write(out.getvalue())

    def in_list(self, change):
        self.rewrite(self.list, change)

    def in_manifest(self, change):
        """Changes the newest manifest; the list learns its new length."""
        self.rewrite(self.manifests[0], change)

        def relength(manifests):
            manifests[0]["manifest_length"] = os.path.getsize(self.manifests[0])

        self.in_list(relength)

    def in_file(self, key, value):
        def change(entries):
            entries[0]["data_file"][key] = value
        self.in_manifest(change)

    def in_map(self, key, field, value):
        def change(entries):
            for item in entries[0]["data_file"][key]:
                if item["key"] == field:
                    item["value"] = value
        self.in_manifest(change)

    def in_metadata(self, change):
        change(self.metadata)
        with open(self.pointer, "w", encoding="utf-8") as file:
            json.dump(self.metadata, file)

    def data_file(self):
        return local(self.records(self.manifests[0])[0]["data_file"]["file_path"])


class CheckerTest(LakeCase):
    def found(self, damage, text):
        """The damage, done to a fresh copy of the table, is reported with the text."""
        damage(Damage(self.pointer("raw.t")))
        output = "\n".join(self.damage("raw.t"))
        self.assertIn(text, output)
        shutil.rmtree(f"{self.folder}/lake")
        shutil.copytree(f"{self.folder}/whole", f"{self.folder}/lake")

    def setUp(self):
        super().setUp()
        tool = self.open(TABLE)
        self.commit(tool, ROWS.replace("{0}", "0"))
        self.commit(tool, ROWS.replace("{0}", "20"))
        self.check("raw.t")
        shutil.copytree(f"{self.folder}/lake", f"{self.folder}/whole")

    def test_counts(self):
        self.found(lambda d: d.in_file("record_count", 7), "footer says 10 rows, not 7")
        self.found(lambda d: d.in_file("file_size_in_bytes", 99), "bytes, not 99")
        self.found(lambda d: d.in_map("null_value_counts", 2, 10), "name: 10 nulls, not")
        self.found(lambda d: d.in_map("value_counts", 1, 9), "id: 9 values, not 10")
        self.found(lambda d: d.in_map("nan_value_counts", 3, 0), "x: 0 NaN, not 2")
        self.found(lambda d: d.in_map("column_sizes", 1, 1), "column sizes add up")
        self.found(lambda d: d.in_file("split_offsets", [5]), "split offsets [5]")

    def test_bounds(self):
        number = struct.Struct("<q").pack
        self.found(lambda d: d.in_map("lower_bounds", 1, number(25)), "id: lower bound")
        self.found(lambda d: d.in_map("upper_bounds", 1, number(999)), "id: upper bound: 999")
        self.found(lambda d: d.in_map("upper_bounds", 1, b"\0\0\0\x19"), "is no long")
        self.found(lambda d: d.in_map("upper_bounds", 2, b"a name of more t"), "leaves")
        self.found(lambda d: d.in_map("lower_bounds", 3, struct.pack("<d", float("nan"))), "NaN")

    def test_lists(self):
        def set_in_list(key, value):
            def change(manifests):
                manifests[0][key] = value
            return lambda d: d.in_list(change)
        self.found(set_in_list("added_files_count", 0), "2 files of status 1, not 0")
        self.found(set_in_list("added_rows_count", 3), "20 rows of status 1, not 3")
        self.found(set_in_list("manifest_length", 1), "bytes, not 1")
        self.found(set_in_list("min_sequence_number", 1), "least number 1, not 2")

        def narrow(manifests):
            manifests[0]["partitions"][0]["upper_bound"] = b"aaa"
        self.found(lambda d: d.in_list(narrow), "range of who")

        def hide_null(manifests):
            manifests[0]["partitions"][0]["contains_null"] = False
        self.found(lambda d: d.in_list(hide_null), "nulls of who")

        def twice(manifests):
            manifests.append(manifests[1])
        self.found(lambda d: d.in_list(twice), "live twice")

        def lose(manifests):
            del manifests[1]
        self.found(lambda d: d.in_list(lose), "lost")

    def test_files(self):
        self.found(lambda d: os.remove(d.data_file()), "is missing")
        self.found(lambda d: os.truncate(d.data_file(), 100), "bytes, not")

        def copy_entry(entries):
            entries.append(entries[0])
        self.found(lambda d: d.in_manifest(copy_entry), "live twice")

        def same_rows_elsewhere(damage):
            other = damage.records(damage.manifests[1])[0]["data_file"]["file_path"]
            shutil.copy(local(other), damage.data_file())
        self.found(same_rows_elsewhere, "bytes, not")
        self.found(lambda d: d.in_file("partition", {"who": "odd"}), "partition who is 'odd'")
        self.found(lambda d: shutil.copy(d.data_file(), d.data_file() + "x"), "nothing refers to")

    def test_summaries_and_history(self):
        def summary(key):
            def change(metadata):
                metadata["snapshots"][-1]["summary"][key] = "77"
            return lambda d: d.in_metadata(change)
        for key in ("total-records", "total-data-files", "total-files-size", "added-records",
                    "added-data-files", "added-files-size", "changed-partition-count"):
            self.found(summary(key), f"{key} 77, not")

        def forget(key):
            return lambda d: d.in_metadata(lambda metadata: metadata.pop(key))
        self.found(forget("current-snapshot-id"), "no current snapshot")
        self.found(forget("snapshot-log"), "snapshot-log ends elsewhere")
        self.found(forget("sort-orders"), "lacks sort-orders")
        self.found(lambda d: d.in_metadata(lambda m: m.update({"last-sequence-number": 1})),
                   "last-sequence-number is too low")
        self.found(lambda d: d.in_metadata(lambda m: m.update({"last-column-id": 3})),
                   "last-column-id is too low")


class DuplicateTest(LakeCase):
    def test_a_record_that_came_twice(self):
        lineage = table("t", "id: int!; _log: int!; _partition: int!; _offset: long!")
        rows = "SELECT 1 AS id, 1 AS _log, 0 AS _partition, i AS _offset FROM range({}) r(i)"
        tool = self.open(lineage)
        self.commit(tool, rows.format(3))
        self.check("raw.t")
        self.commit(tool, rows.format(1))
        self.assertEqual(self.damage("raw.t"),
                         ["1 records are there twice, such as [(1, 0, 0)]"])


if __name__ == "__main__":
    unittest.main()
