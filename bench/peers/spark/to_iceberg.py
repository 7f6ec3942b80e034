"""Kafka → an Iceberg table, its catalog in PostgreSQL.   to_iceberg.py TOPIC DIR [all]
`all`: what there is, then the end. Without it, until DIR/stop is there."""

import os
import sys

from books import bronze, session, until_told

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


def main(topic, folder, mode="stream"):
    spark = session("to_iceberg", {**CATALOG, "spark.sql.catalog.lake.warehouse":
                                   f"file:{folder}/lake"})
    rows = bronze(spark, topic)
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.raw")
    columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema)
    spark.sql(f"CREATE TABLE lake.raw.books ({columns}) USING iceberg")
    writer = (rows.writeStream.format("iceberg").outputMode("append")
              .option("checkpointLocation", f"{folder}/checkpoint"))
    if mode == "all":
        writer.trigger(availableNow=True).toTable("lake.raw.books").awaitTermination()
    else:
        until_told(writer.toTable("lake.raw.books"), folder)
    spark.stop()


main(*sys.argv[1:])
