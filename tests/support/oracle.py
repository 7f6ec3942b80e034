"""What arrived, read by PyIceberg and psycopg alone; compared with what the producer was told.

Shares no code with sluice. A record is (partition, offset).
"""

import json
from collections import Counter

import psycopg
from pyiceberg.catalog.sql import SqlCatalog


class Oracle:
    def __init__(self, conninfo, uri, acks, **lake_properties):
        """`lake_properties` are PyIceberg's, as s3.endpoint."""
        self.conninfo, self.uri, self.acks = conninfo, uri, acks
        self.lake_properties = {"pool_pre_ping": "true", **lake_properties}

    def acknowledged(self):
        """(partition, offset) → sha256 of the value, as the producer's broker confirmed it."""
        with open(self.acks, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return {(row["partition"], row["offset"]): row["sha256"] for row in rows}

    def lake(self, table, *columns):
        """Rows of a lake table as (partition, offset, *columns)."""
        catalog = SqlCatalog("lake", uri=self.uri, **self.lake_properties)
        try:
            loaded = catalog.load_table(table)
            wanted = ("_partition", "_offset", *columns)
            arrow = loaded.scan(selected_fields=wanted).to_arrow()
            return list(zip(*(arrow.column(name).to_pylist() for name in wanted)))
        finally:
            catalog.engine.dispose()

    def sql(self, query):
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(query).fetchall()

    def warehouse(self, table, *columns):
        names = "".join(f', "{name}"' for name in columns)
        return self.sql(f"SELECT _partition, _offset{names} FROM {table}")

    def quarantine(self):
        return self.sql('SELECT partition, "offset", sha256 FROM sluice.quarantine '
                        "WHERE resolved_at IS NULL")

    def compare(self, lake_tables, warehouse_tables):
        """Returns a line for each fault: lost, doubled, unknown or different records."""
        sent = self.acknowledged()
        kept_out = {(p, o): sha for p, o, sha in self.quarantine()}
        faults = [f"quarantine: {key} has another content" for key, sha in kept_out.items()
                  if sent.get(key) != sha]
        places = {f"lake {t}": self.lake(t) for t in lake_tables}
        places |= {f"warehouse {t}": self.warehouse(t) for t in warehouse_tables}
        for place, rows in places.items():
            counted = Counter((row[0], row[1]) for row in rows)
            wanted = set(sent) - set(kept_out)
            lost, extra = wanted - set(counted), set(counted) - wanted
            doubled = {key for key, times in counted.items() if times > 1}
            for name, keys in (("lost", lost), ("unknown", extra), ("doubled", doubled)):
                if keys:
                    faults.append(f"{place}: {len(keys)} {name}, such as {sorted(keys)[:5]}")
        return faults
