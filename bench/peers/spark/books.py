"""What the jobs share: the session, the topic as rows, silver, and PostgreSQL as a target."""

import os
from pathlib import Path

from pyspark.sql import SparkSession, functions as f

FIELDS = ("`Book` STRING, `Author(s)` STRING, `Original language` STRING, `First published` INT, "
          "`Approximate sales in millions` DOUBLE, `Genre` STRING, `sent_us` BIGINT")


def session(name, settings=None):
    builder = SparkSession.builder.appName(name)
    for key, value in (settings or {}).items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    return spark


def bronze(spark, topic):
    """The topic from its beginning as a stream of typed rows; what is no JSON is a row of nulls."""
    messages = (spark.readStream.format("kafka")
                .option("kafka.bootstrap.servers", os.environ["BROKERS"])
                .option("subscribe", topic).option("startingOffsets", "earliest").load())
    return (messages.select(f.from_json(f.col("value").cast("string"), FIELDS).alias("r"))
            .select("r.*", f.current_timestamp().alias("ingested_at")))


def silver(rows, *more):
    title = f.trim("Book")
    return rows.where(title != "").select(
        title.alias("book_title"), f.trim("`Author(s)`").alias("authors"),
        f.trim("Original language").alias("original_language"),
        f.col("First published").alias("first_published_year"),
        f.col("Approximate sales in millions").alias("sales_millions"),
        f.nullif(f.trim("Genre"), f.lit("")).alias("genre"), *more)


def until_told(query, folder):
    """Lets a stream go on until the file `stop` is in the folder."""
    while not Path(folder, "stop").exists():
        if query.awaitTermination(0.2):
            raise SystemExit("the stream ended by itself")
    query.stop()


def append(rows, table):
    (rows.write.format("jdbc").mode("append")
     .options(url=os.environ["JDBC"], user=os.environ["JDBC_USER"],
              password=os.environ["JDBC_PASSWORD"], dbtable=table,
              driver="org.postgresql.Driver").save())
