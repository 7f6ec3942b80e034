"""Values of Iceberg columns: what bytes say, what rows really hold."""

import datetime
import struct
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

TRUNCATED = ("string", "binary")  # whose bounds need not be exact
EPOCH = datetime.date(1970, 1, 1)
MICROS = {"day": 86_400_000_000, "hour": 3_600_000_000}


def decode(kind, raw):
    """The value of single-value bytes. ValueError where they are none of that type."""
    layout = {"boolean": "<?", "int": "<i", "date": "<i", "long": "<q", "timestamp": "<q",
              "timestamptz": "<q", "float": "<f", "double": "<d"}.get(kind)
    if layout:
        if len(raw) != struct.calcsize(layout):
            raise ValueError(f"{len(raw)} bytes")
        return struct.unpack(layout, raw)[0]
    if kind.startswith("decimal"):
        if not raw:
            raise ValueError("no bytes")
        scale = int(kind.rstrip(")").split(",")[1])
        return Decimal(int.from_bytes(raw, "big", signed=True)).scaleb(-scale)
    if kind == "string":
        return raw.decode("utf-8")
    if kind == "binary":
        return bytes(raw)
    raise ValueError(f"unknown type {kind}")


def plain(value):
    """Dates as days, times as microseconds: as decode gives them."""
    if isinstance(value, datetime.datetime):
        epoch = datetime.datetime(1970, 1, 1, tzinfo=value.tzinfo and datetime.timezone.utc)
        return (value - epoch) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return (value - EPOCH).days
    return value


def integers(column):
    """Times and dates as the integers that they are."""
    if pa.types.is_timestamp(column.type):
        return pc.cast(column, pa.int64())
    if pa.types.is_date32(column.type):
        return pc.cast(column, pa.int32())
    return column


@dataclass
class Truth:
    nulls: int
    nans: int
    least: Any  # None when there is no value but NaN
    greatest: Any


def truth_of(column):
    column = integers(column)
    values = pc.drop_null(column)
    nans = 0
    if pa.types.is_floating(column.type):
        is_nan = pc.is_nan(values)
        nans = pc.sum(is_nan).as_py() or 0
        values = values.filter(pc.invert(is_nan))
    least, greatest = (None, None)
    if len(values):
        # Python's order of str is that of code points, as Iceberg's is.
        both = pc.min_max(values)
        least, greatest = both["min"].as_py(), both["max"].as_py()
    return Truth(column.null_count, nans, least, greatest)


def partition_results(transform, column):
    """What the transform makes of the rows: a set."""
    values = integers(column)
    if transform == "identity":
        return set(values.unique().to_pylist())
    if transform == "month":
        year, month = pc.year(column), pc.month(column)
        months = pc.add(pc.multiply(pc.subtract(year, 1970), 12), pc.subtract(month, 1))
        return set(months.unique().to_pylist())
    if transform in MICROS:
        if pa.types.is_date32(column.type):
            return set(values.unique().to_pylist())
        return {None if value is None else value // MICROS[transform]
                for value in values.unique().to_pylist()}
    raise ValueError(f"transform {transform} is unknown here")


def arrow_fits(kind, arrow):
    """Whether a Parquet column of that Arrow type may stand for the Iceberg type."""
    types = pa.types
    if kind.startswith("decimal"):
        precision, scale = map(int, kind[len("decimal("):-1].split(","))
        return types.is_decimal(arrow) and (arrow.precision, arrow.scale) == (precision, scale)
    if kind in ("timestamp", "timestamptz"):
        zone = "UTC" if kind == "timestamptz" else None
        return types.is_timestamp(arrow) and arrow.unit == "us" and arrow.tz == zone
    wanted = {"boolean": types.is_boolean, "int": types.is_int32, "long": types.is_int64,
              "float": types.is_float32, "double": types.is_float64, "string": types.is_string,
              "binary": types.is_binary, "date": types.is_date32}.get(kind)
    return wanted is not None and wanted(arrow)
