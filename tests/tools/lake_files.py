"""One data file against its manifest entry: everything claimed is computed anew."""

import io
import math

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake_values import TRUNCATED, arrow_fits, decode, partition_results, plain, truth_of

LINEAGE = ["_log", "_partition", "_offset"]


def leaves(fields, path=(), repeated=False):
    """(id, path, type, inside a list, required) of each column that has no children."""
    for field in fields:
        yield from leaf(field["id"], field["type"], path + (field["name"],), repeated,
                        field["required"])


def leaf(number, kind, path, repeated, required):
    if isinstance(kind, str):
        yield number, path, kind, repeated, required
    elif kind["type"] == "struct":
        yield from leaves(kind["fields"], path, repeated)
    elif kind["type"] == "list":
        yield from leaf(kind["element-id"], kind["element"], path + ("element",), True, False)
    else:
        yield from leaf(kind["key-id"], kind["key"], path + ("key",), True, True)
        yield from leaf(kind["value-id"], kind["value"], path + ("value",), True, False)


def parquet_ids(schema):
    """{field id: [(path, arrow type)]} of every arrow field, and the paths that have no id."""
    ids, without = {}, []

    def visit(field, path):
        path = path + (field.name,)
        number = (field.metadata or {}).get(b"PARQUET:field_id")
        if number is None:
            without.append(".".join(path))
        else:
            ids.setdefault(int(number), []).append((path, field.type))
        if pa.types.is_struct(field.type):
            for i in range(field.type.num_fields):
                visit(field.type.field(i), path)
        elif pa.types.is_list(field.type):
            visit(field.type.value_field, path)
        elif pa.types.is_map(field.type):
            visit(field.type.key_field, path)
            visit(field.type.item_field, path)

    for field in schema:
        visit(field, ())
    return ids, without


def column_at(table, path):
    column = table.column(path[0]).combine_chunks()
    for name in path[1:]:
        column = pc.struct_field(column, [name])  # null where a parent is
    return column


class FileCheck:
    def __init__(self, problems, store, metadata, schema, spec, entry):
        self.problems, self.store, self.metadata = problems, store, metadata
        self.schema, self.spec, self.entry = schema, spec, entry
        self.name = entry[100].rsplit("/", 1)[1]

    def expect(self, condition, line):
        return self.problems.expect(condition, f"{self.name}: {line}")

    def run(self):
        """Returns the lineage of its rows, or None where it has none."""
        data = self.store.read(self.entry[100])
        if not self.expect(data is not None, f"is missing: {self.entry[100]}"):
            return None
        self.expect(len(data) == self.entry[104], f"has {len(data)} bytes, not {self.entry[104]}")
        self.expect(self.entry[101].upper() == "PARQUET", f"format {self.entry[101]}")
        try:
            parquet = pq.ParquetFile(io.BytesIO(data))
            table = parquet.read()
        except (pa.ArrowInvalid, OSError) as error:
            self.expect(False, f"cannot be read: {error}")
            return None
        self.footer(parquet.metadata)
        self.expect(table.num_rows == self.entry[103],
                    f"holds {table.num_rows} rows, not {self.entry[103]}")
        ids = self.field_ids(parquet.schema_arrow)
        self.columns(table, ids)
        self.partition(table, ids)
        if not all(name in table.column_names for name in LINEAGE):
            return None
        return list(zip(*(table.column(name).to_pylist() for name in LINEAGE)))

    def footer(self, footer):
        self.expect(footer.num_rows == self.entry[103],
                    f"footer says {footer.num_rows} rows, not {self.entry[103]}")
        groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
        starts = []
        for group in groups:
            first = group.column(0)
            offsets = (first.data_page_offset, first.dictionary_page_offset)
            starts.append(min(offset for offset in offsets if offset))
        if self.entry.get(132) is not None:
            self.expect(self.entry[132] == starts, f"split offsets {self.entry[132]}, not {starts}")
        size = sum(group.column(i).total_compressed_size
                   for group in groups for i in range(group.num_columns))
        if self.entry.get(108):
            claimed = sum(self.entry[108].values())
            self.expect(claimed == size, f"column sizes add up to {claimed}, not {size}")

    def field_ids(self, arrow_schema):
        ids, without = parquet_ids(arrow_schema)
        self.expect(not without, f"columns without field id: {without}")
        types = {number: kind for schema in self.metadata["schemas"]
                 for number, _, kind, _, _ in leaves(schema["fields"])}
        for number, found in ids.items():
            self.expect(len(found) == 1, f"field id {number} is used {len(found)} times")
            path, arrow_type = found[0]
            self.expect(number <= self.metadata["last-column-id"], f"unknown field id {number}")
            if number in types:
                self.expect(arrow_fits(types[number], arrow_type),
                            f"{'.'.join(path)} is {arrow_type}, the table says {types[number]}")
        return {number: found[0][0] for number, found in ids.items()}

    def columns(self, table, ids):
        known = set()
        for number, path, kind, repeated, required in leaves(self.schema["fields"]):
            known.add(number)
            if number not in ids:
                self.expect(not required, f"lacks the required column {'.'.join(path)}")
                continue
            if repeated:
                self.expect(number not in (self.entry.get(125) or {}) and
                            number not in (self.entry.get(128) or {}),
                            f"{'.'.join(path)}: a bound inside a list")
                continue
            column = column_at(table, ids[number])
            self.column(number, ".".join(path), kind, column)
            if required and len(path) == 1:
                self.expect(column.null_count == 0, f"{path[0]}: nulls in a required column")
        for key in (108, 109, 110, 137, 125, 128):
            foreign = set(self.entry.get(key) or {}) - known - set(ids)
            self.expect(not foreign, f"statistics {key} of unknown fields {foreign}")

    def column(self, number, name, kind, column):
        counts, nulls, nans, lower, upper = (
            (self.entry.get(key) or {}).get(number) for key in (109, 110, 137, 125, 128))
        truth = truth_of(column)
        self.expect(counts in (None, len(column)), f"{name}: {counts} values, not {len(column)}")
        self.expect(nulls in (None, truth.nulls), f"{name}: {nulls} nulls, not {truth.nulls}")
        if kind in ("float", "double"):
            self.expect(nans in (None, truth.nans), f"{name}: {nans} NaN, not {truth.nans}")
        else:
            self.expect(nans is None, f"{name}: a NaN count for {kind}")
        if truth.least is None:
            self.expect(lower is None and upper is None, f"{name}: bounds, but no value")
            return
        if lower is not None:
            self.bound(f"{name}: lower bound", kind, lower, truth.least, -1)
        if upper is not None:
            self.bound(f"{name}: upper bound", kind, upper, truth.greatest, 1)

    def bound(self, name, kind, raw, truth, sign):
        try:
            bound = decode(kind, raw)
        except ValueError as error:
            self.expect(False, f"{name}: {raw!r} is no {kind} ({error})")
            return
        if not self.expect(bound == bound, f"{name}: NaN"):
            return
        inside = bound <= truth if sign < 0 else bound >= truth
        self.expect(inside, f"{name}: {bound!r} leaves {truth!r} out")
        if kind not in TRUNCATED or len(truth) <= 16:
            self.expect(bound == truth, f"{name}: {bound!r}, not {truth!r}")
        else:
            self.expect(len(bound) <= 16, f"{name}: {len(bound)} long")
        if isinstance(bound, float) and bound == 0:
            self.expect(math.copysign(1, bound) == sign, f"{name}: a zero of the wrong sign")

    def partition(self, table, ids):
        for field in self.spec["fields"]:
            if field["source-id"] not in ids or not table.num_rows:
                continue
            found = partition_results(field["transform"],
                                      column_at(table, ids[field["source-id"]]))
            claimed = plain(self.entry[102].get(field["field-id"]))
            self.expect(found == {claimed}, f"partition {field['name']} is {claimed!r}, its rows "
                        f"say {sorted(map(repr, found))[:4]}")
