"""What a side made, so that it can be compared: count, sum, distinct, hash of the sorted rows."""

from pathlib import Path

import duckdb
import psycopg
from pyiceberg.catalog.sql import SqlCatalog

import records

COLUMNS = ", ".join(records.SILVER)


def fingerprint(relation):
    """Of silver's columns of a relation in DuckDB's SQL, whatever the order of its rows."""
    # Sorted within 256 parts: one list of all hashes would be one long string.
    query = f"""
      WITH rows AS (SELECT {COLUMNS}, md5(CAST(row({COLUMNS}) AS VARCHAR)) AS h FROM {relation} r),
           parts AS (SELECT left(h, 2) AS part, md5(string_agg(h, '' ORDER BY h)) AS h
                     FROM rows GROUP BY 1)
      SELECT (SELECT count(*) FROM rows), (SELECT count(DISTINCT book_title) FROM rows),
             (SELECT CAST(coalesce(sum(CAST(sales_millions AS DECIMAL(18, 4))), 0) AS VARCHAR)
              FROM rows),
             (SELECT md5(string_agg(h, '' ORDER BY part)) FROM parts)"""
    count, distinct, total, digest = duckdb.execute(query).fetchone()
    return {"rows": count, "distinct": distinct, "sum": total, "hash": digest}


def of_lines(path):
    """What silver has to be, by DuckDB's reader of JSON."""
    return fingerprint(records.silver_relation(path))


def of_warehouse(url, table, work):
    """Of a table of PostgreSQL, by way of a file."""
    path = Path(work) / "warehouse.csv"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, open(path, "wb") as out:
        copy = f"COPY (SELECT {COLUMNS} FROM {table}) TO STDOUT (FORMAT csv, NULL '\\N')"
        with cursor.copy(copy) as blocks:
            for block in blocks:
                out.write(block)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in records.SILVER.items())
    try:
        return fingerprint(f"read_csv('{path}', header=false, nullstr='\\N', quote='\"', "
                           f"escape='\"', columns={{{columns}}})")
    finally:
        path.unlink()


def of_parquet(paths):
    return fingerprint(parquet(paths))


def parquet(paths):
    listed = ", ".join(f"'{path}'" for path in paths)
    return f"read_parquet([{listed}])"


def parquet_rows(paths):
    return duckdb.execute(f"SELECT count(*) FROM {parquet(paths)}").fetchone()[0] if paths else 0


def lake_files(url, table):
    """The data files of an Iceberg table's current snapshot, as PyIceberg plans them."""
    catalog = SqlCatalog("lake", uri=url.replace("postgresql://", "postgresql+psycopg2://"))
    try:
        tasks = catalog.load_table(table).scan().plan_files()
        return [task.file.file_path.removeprefix("file://") for task in tasks]
    finally:
        catalog.engine.dispose()
