#!/usr/bin/env python3
"""Checks Iceberg tables of a SQL catalog against the bytes of their files, and trusts none of them.

Readers believe manifests blindly: a wrong count or bound is lost data without an error. So
everything that a manifest claims is computed here anew from the Parquet files. Knows nothing of
sluice and uses no Iceberg library.

usage: check_lake.py --conninfo 'host=… user=…' --table ns.name [--catalog lake] [--no-orphans]
                     [--s3-endpoint URL]
exit status: 0 all is well, 1 something is wrong (one line each), 2 the table cannot be loaded
"""

import argparse
import io
import json
import os
import sys
from collections import Counter

import fastavro
import psycopg
import pyarrow as pa
import pyarrow.fs

from lake_files import FileCheck, leaves
from lake_values import decode, plain

EXISTING, ADDED, DELETED = 0, 1, 2
LIST_COUNTS = {ADDED: (504, 512), EXISTING: (505, 513), DELETED: (506, 514)}
METADATA_KEYS = [
    "format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms",
    "last-column-id", "schemas", "current-schema-id", "partition-specs", "default-spec-id",
    "last-partition-id", "sort-orders", "default-sort-order-id"]
MANIFEST_KEYS = ["schema", "partition-spec", "partition-spec-id", "format-version", "content",
                 "avro.codec"]
ENTRY_FIELDS = {0, 1, 2, 3, 4}
FILE_FIELDS = {134, 100, 101, 102, 103, 104}
LIST_FIELDS = {500, 501, 502, 517, 515, 516, 503, 504, 505, 506, 512, 513, 514, 507}


class Problems:
    def __init__(self):
        self.lines = []
        self.checks = 0

    def expect(self, condition, line):
        self.checks += 1
        if not condition:
            self.lines.append(line)
        return condition


class Store:
    """Objects by address, in folders and on S3."""

    def __init__(self, s3_endpoint):
        self.s3_endpoint = s3_endpoint
        self.systems = {}

    def resolve(self, address):
        scheme, _, rest = address.partition(":")
        if scheme not in self.systems:
            self.systems[scheme] = (
                pa.fs.LocalFileSystem() if scheme == "file"
                else pa.fs.S3FileSystem(endpoint_override=self.s3_endpoint))
        rest = rest.lstrip("/")
        return self.systems[scheme], "/" + rest if scheme == "file" else rest

    def read(self, address):
        """The object's bytes, or None."""
        system, path = self.resolve(address)
        try:
            with system.open_input_file(path) as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def list(self, address):
        system, path = self.resolve(address)
        found = system.get_file_info(pa.fs.FileSelector(path, recursive=True, allow_not_found=True))
        return {info.path for info in found if info.is_file}


def by_id(schema, value):
    """An Avro value with records as {field id: value} and Iceberg's maps as dicts."""
    if isinstance(schema, list):
        return None if value is None else by_id(next(s for s in schema if s != "null"), value)
    if isinstance(schema, str) or value is None:
        return value
    if schema["type"] == "record":
        return {field.get("field-id", field["name"]): by_id(field["type"], value[field["name"]])
                for field in schema["fields"]}
    if schema["type"] == "array":
        items = [by_id(schema["items"], item) for item in value]
        if schema.get("logicalType") == "map":
            return dict(tuple(item.values()) for item in items)
        return items
    return value


def read_avro(data):
    reader = fastavro.reader(io.BytesIO(data))
    schema = json.loads(reader.metadata["avro.schema"])
    return reader.metadata, [by_id(schema, record) for record in reader]


class TableCheck:
    def __init__(self, problems, store, metadata, pointer):
        self.problems, self.store, self.metadata = problems, store, metadata
        self.reachable = {pointer}
        self.checked = {}     # data file → lineage of its rows
        self.manifests = {}   # path → (header, entries)
        self.snapshots = {s["snapshot-id"]: s for s in metadata.get("snapshots", [])}

    def expect(self, condition, line):
        return self.problems.expect(condition, line)

    def run(self):
        self.keys()
        self.history()
        live = {number: self.snapshot(snapshot) for number, snapshot in self.snapshots.items()}
        for number, snapshot in self.snapshots.items():
            self.lineage_of(snapshot, live, live.get(snapshot.get("parent-snapshot-id"), {}))
        self.duplicates(live.get(self.metadata.get("current-snapshot-id"), {}))

    def keys(self):
        for key in METADATA_KEYS:
            self.expect(key in self.metadata, f"metadata lacks {key}")
        self.expect(self.metadata["format-version"] == 2, "metadata is not of format version 2")
        ids = [number for schema in self.metadata["schemas"]
               for number, *_ in leaves(schema["fields"])]
        self.expect(max(ids) <= self.metadata["last-column-id"], "last-column-id is too low")
        for schema in self.metadata["schemas"]:
            found = Counter(number for number, *_ in leaves(schema["fields"]))
            self.expect(max(found.values()) == 1, f"schema {schema['schema-id']}: an id used twice")
        fields = [field["field-id"] for spec in self.metadata["partition-specs"]
                  for field in spec["fields"]]
        self.expect(max(fields, default=999) <= self.metadata["last-partition-id"],
                    "last-partition-id is too low")

    def history(self):
        current = self.metadata.get("current-snapshot-id")
        if self.snapshots:
            self.expect(current in self.snapshots, "no current snapshot: readers see no rows")
            main = self.metadata.get("refs", {}).get("main", {})
            self.expect(main.get("snapshot-id") == current, "main is not the current snapshot")
            log = self.metadata.get("snapshot-log", [])
            self.expect(bool(log) and log[-1]["snapshot-id"] == current,
                        "snapshot-log ends elsewhere")
        for name in ("snapshot-log", "metadata-log"):
            times = [entry["timestamp-ms"] for entry in self.metadata.get(name, [])]
            self.expect(times == sorted(times), f"{name} goes back in time")
            self.expect(not times or times[-1] <= self.metadata["last-updated-ms"],
                        f"{name} is newer than last-updated-ms")
        numbers = [snapshot["sequence-number"] for snapshot in self.snapshots.values()]
        self.expect(len(set(numbers)) == len(numbers), "two snapshots have one sequence number")
        self.expect(max(numbers, default=0) <= self.metadata["last-sequence-number"],
                    "last-sequence-number is too low")
        for entry in self.metadata.get("metadata-log", []):
            self.reachable.add(entry["metadata-file"])

    def snapshot(self, snapshot):
        """Checks one snapshot and returns {data file: entry} of what it shows."""
        path = snapshot["manifest-list"]
        self.reachable.add(path)
        data = self.store.read(path)
        if not self.expect(data is not None, f"manifest list is missing: {path}"):
            return {}
        header, manifests = read_avro(data)
        name = path.rsplit("/", 1)[1]
        for key, value in (("snapshot-id", snapshot["snapshot-id"]), ("format-version", 2),
                           ("sequence-number", snapshot["sequence-number"])):
            self.expect(header.get(key) == str(value), f"{name}: header {key} {header.get(key)}")
        paths = Counter(manifest[500] for manifest in manifests)
        for path, times in paths.items():
            self.expect(times == 1, f"{name}: the manifest {path} is listed {times} times")
        live = {}
        for manifest in manifests:
            missing = LIST_FIELDS - set(manifest)
            self.expect(not missing, f"{name}: lacks the fields {missing}")
            for entry in self.manifest(manifest, snapshot):
                path = entry[2][100]
                self.expect(path not in live, f"{path} is live twice: its rows count double")
                live[path] = entry
        self.summary(snapshot, live)
        return live

    def manifest(self, manifest, snapshot):
        """Checks one manifest against its list and returns the live entries, numbers inherited."""
        path, name = manifest[500], manifest[500].rsplit("/", 1)[1]
        self.reachable.add(path)
        if path not in self.manifests:
            data = self.store.read(path)
            if not self.expect(data is not None, f"manifest is missing: {path}"):
                return []
            self.expect(len(data) == manifest[501],
                        f"{name}: {len(data)} bytes, not {manifest[501]}")
            self.manifests[path] = read_avro(data)
        header, entries = self.manifests[path]
        self.manifest_header(name, header, manifest)
        for status, (files, rows) in LIST_COUNTS.items():
            of_status = [entry for entry in entries if entry[0] == status]
            self.expect(len(of_status) == manifest[files],
                        f"{name}: {len(of_status)} files of status {status}, not {manifest[files]}")
            total = sum(entry[2][103] for entry in of_status)
            self.expect(total == manifest[rows],
                        f"{name}: {total} rows of status {status}, not {manifest[rows]}")
        self.expect(manifest[515] <= snapshot["sequence-number"], f"{name}: number from the future")
        spec = next(spec for spec in self.metadata["partition-specs"]
                    if spec["spec-id"] == manifest[502])
        live = [self.entry(name, entry, manifest, spec, snapshot) for entry in entries]
        live = [entry for entry in live if entry[0] != DELETED]
        if live:
            least = min(entry[3] for entry in live)
            self.expect(manifest[516] == least,
                        f"{name}: least number {manifest[516]}, not {least}")
        self.ranges(name, manifest, spec, [entry[2][102] for entry in entries])
        return live

    def manifest_header(self, name, header, manifest):
        for key in MANIFEST_KEYS:
            self.expect(key in header, f"{name}: header lacks {key}")
        self.expect(header.get("format-version") == "2" and header.get("content") == "data",
                    f"{name}: header is of another format")
        self.expect(header.get("partition-spec-id") == str(manifest[502]),
                    f"{name}: header is of another spec")
        spec = next(spec for spec in self.metadata["partition-specs"]
                    if spec["spec-id"] == manifest[502])
        self.expect(json.loads(header["partition-spec"]) == spec["fields"],
                    f"{name}: header has another partition spec")
        ids = {number for schema in self.metadata["schemas"]
               for number, *_ in leaves(schema["fields"])}
        written = {number for number, *_ in leaves(json.loads(header["schema"])["fields"])}
        self.expect(written <= ids, f"{name}: header schema has unknown ids {written - ids}")

    def entry(self, name, entry, manifest, spec, snapshot):
        self.expect(ENTRY_FIELDS <= set(entry) and FILE_FIELDS <= set(entry[2]),
                    f"{name}: an entry lacks fields")
        entry = dict(entry)
        if entry[0] == ADDED:
            entry[1] = entry[1] or manifest[503]
            entry[3] = manifest[515] if entry[3] is None else entry[3]
            entry[4] = manifest[515] if entry[4] is None else entry[4]
            self.expect(entry[1] == manifest[503], f"{name}: a file added by another snapshot")
        self.expect(entry[1] is not None and entry[3] is not None and entry[4] is not None,
                    f"{name}: an old entry without snapshot or sequence number")
        self.expect(entry[3] is None or entry[3] <= snapshot["sequence-number"],
                    f"{name}: an entry from the future")
        path = entry[2][100]
        if entry[0] != DELETED and path not in self.checked:
            self.reachable.add(path)
            schema_id = snapshot.get("schema-id", self.metadata["current-schema-id"])
            schema = next(s for s in self.metadata["schemas"] if s["schema-id"] == schema_id)
            self.checked[path] = FileCheck(self.problems, self.store, self.metadata, schema, spec,
                                           entry[2]).run()
        return entry

    def ranges(self, name, manifest, spec, partitions):
        if manifest[507] is None:
            return
        types = {number: kind for schema in self.metadata["schemas"]
                 for number, _, kind, _, _ in leaves(schema["fields"])}
        self.expect(len(manifest[507]) == len(spec["fields"]), f"{name}: too few partition ranges")
        for field, claimed in zip(spec["fields"], manifest[507]):
            kind = {"identity": types[field["source-id"]], "day": "date"}.get(field["transform"],
                                                                              "int")
            values = [plain(partition.get(field["field-id"])) for partition in partitions]
            self.expect(claimed[509] == (None in values), f"{name}: nulls of {field['name']}")
            known = [value for value in values if value is not None and value == value]
            truth = (min(known), max(known)) if known else (None, None)
            stated = tuple(None if claimed[key] is None else decode(kind, claimed[key])
                           for key in (510, 511))
            self.expect(stated == truth, f"{name}: range of {field['name']} {stated}, not {truth}")

    def summary(self, snapshot, live):
        files = [entry[2] for entry in live.values()]
        added = [entry[2] for entry in live.values()
                 if entry[1] == snapshot["snapshot-id"] and entry[0] == ADDED]
        truth = {"total-data-files": len(files), "total-records": sum(f[103] for f in files),
                 "total-files-size": sum(f[104] for f in files), "total-delete-files": 0}
        if snapshot["summary"].get("operation") == "append":
            truth |= {"added-data-files": len(added), "added-records": sum(f[103] for f in added),
                      "added-files-size": sum(f[104] for f in added),
                      "changed-partition-count": len({repr(f[102]) for f in added})}
        self.expect("operation" in snapshot["summary"], "a snapshot without operation")
        for key, value in truth.items():
            stated = snapshot["summary"].get(key)
            self.expect(stated in (None, str(value)), f"snapshot {snapshot['snapshot-id']}: {key} "
                        f"{stated}, not {value}")

    def lineage_of(self, snapshot, live, parent):
        """An append keeps every file of its parent, with its numbers, and adds its own."""
        if snapshot["summary"].get("operation") != "append" or not parent:
            return
        mine = live[snapshot["snapshot-id"]]
        for path, old in parent.items():
            if self.expect(path in mine, f"snapshot {snapshot['snapshot-id']} lost {path}"):
                same = all(mine[path][key] == old[key] for key in (1, 3, 4))
                self.expect(same, f"snapshot {snapshot['snapshot-id']} renumbered {path}")
                self.expect(mine[path][2] == old[2],
                            f"snapshot {snapshot['snapshot-id']} changed what it says of {path}")
        for path in mine.keys() - parent.keys():
            self.expect(mine[path][1] == snapshot["snapshot-id"], f"{path} came from nowhere")

    def duplicates(self, live):
        rows = Counter()
        for path in live:
            rows.update(self.checked.get(path) or [])
        twice = [row for row, times in rows.items() if times > 1]
        self.expect(not twice, f"{len(twice)} records are there twice, such as {twice[:3]}")

    def orphans(self):
        system_paths = {self.store.resolve(address)[1] for address in self.reachable}
        left = self.store.list(self.metadata["location"]) - system_paths
        self.expect(not left, f"{len(left)} files that nothing refers to: {sorted(left)[:3]}")


class NoTable(Exception):
    pass


def load(conninfo, catalog, table, store):
    """The catalog's row, whether the namespace is known, and the metadata."""
    namespace, name = table.rsplit(".", 1)
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "SELECT to_jsonb(t) FROM iceberg_tables t"
            " WHERE catalog_name = %s AND table_namespace = %s AND table_name = %s",
            (catalog, namespace, name)).fetchall()
        spaces = connection.execute(
            "SELECT count(*) FROM iceberg_namespace_properties WHERE catalog_name = %s"
            " AND namespace = %s AND property_key = 'exists'", (catalog, namespace)).fetchone()[0]
    if len(rows) != 1:
        raise NoTable(f"no table {table}")
    row = rows[0][0]
    data = store.read(row["metadata_location"])
    if data is None:
        raise NoTable(f"the catalog points at nothing: {row['metadata_location']}")
    return row, spaces, json.loads(data)


def check_table(conninfo, table, catalog="lake", orphans=True, s3_endpoint=None):
    """Returns the Problems of one table; raises NoTable when it cannot be loaded."""
    store, problems = Store(s3_endpoint), Problems()
    row, spaces, metadata = load(conninfo, catalog, table, store)
    problems.expect(row.get("iceberg_type") in (None, "TABLE"), "the catalog calls it no table")
    problems.expect(spaces == 1, "its namespace is not in the catalog")
    log = metadata.get("metadata-log", [])
    problems.expect(
        row["previous_metadata_location"] == (log[-1]["metadata-file"] if log else None),
        "previous_metadata_location is not the last of metadata-log")
    check = TableCheck(problems, store, metadata, row["metadata_location"])
    check.run()
    if orphans:
        check.orphans()
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conninfo", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--catalog", default="lake")
    parser.add_argument("--no-orphans", action="store_true", help="do not look for unused files")
    parser.add_argument("--s3-endpoint")
    given = parser.parse_args()
    try:
        problems = check_table(given.conninfo, given.table, given.catalog, not given.no_orphans,
                               given.s3_endpoint)
    except NoTable as error:
        print(f"check_lake: {error}", file=sys.stderr)
        sys.exit(2)
    for line in problems.lines:
        print(line)
    print(f"{given.table}: {problems.checks} checks, {len(problems.lines)} failed")
    sys.stdout.flush()
    # pyarrow's threads may still run, and abort a process that ends in order.
    os._exit(1 if problems.lines else 0)


if __name__ == "__main__":
    main()
