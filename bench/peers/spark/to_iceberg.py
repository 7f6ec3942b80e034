"""Kafka → an Iceberg table, its catalog in PostgreSQL.   to_iceberg.py TOPIC DIR [SECONDS]
Without SECONDS: all there is, then the end. With them, DIR/ready appears when it streams."""

import os
import sys
from pathlib import Path

from books import bronze, session

CATALOG = {
    "spark.sql.extensions":
        "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.lake.type": "jdbc",
    "spark.sql.catalog.lake.uri": os.environ["JDBC"],
    "spark.sql.catalog.lake.jdbc.user": os.environ["JDBC_USER"],
    "spark.sql.catalog.lake.jdbc.password": os.environ["JDBC_PASSWORD"],
    "spark.sql.catalog.lake.jdbc.schema-version": "V1",
}


def main(topic, folder, seconds=None):
    spark = session("to_iceberg", {**CATALOG, "spark.sql.catalog.lake.warehouse":
                                   f"file:{folder}/lake"})
    rows = bronze(spark, topic)
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.raw")
    columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema)
    spark.sql(f"CREATE TABLE lake.raw.books ({columns}) USING iceberg")
    writer = (rows.writeStream.format("iceberg").outputMode("append")
              .option("checkpointLocation", f"{folder}/checkpoint"))
    if seconds is None:
        writer.trigger(availableNow=True).toTable("lake.raw.books").awaitTermination()
    else:
        query = writer.toTable("lake.raw.books")
        Path(folder, "ready").touch()
        query.awaitTermination(int(seconds))
        query.stop()
    spark.stop()


main(*sys.argv[1:])
