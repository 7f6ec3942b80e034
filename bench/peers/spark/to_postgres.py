"""Kafka → PostgreSQL by micro-batches as fast as they go, at least once.
   to_postgres.py TOPIC DIR SECONDS: DIR/ready appears when it streams."""

import sys
from pathlib import Path

from books import append, bronze, session, silver


def main(topic, folder, seconds):
    spark = session("to_postgres")
    query = (silver(bronze(spark, topic), "sent_us").writeStream
             .foreachBatch(lambda rows, _: append(rows, "public.books_silver"))
             .option("checkpointLocation", f"{folder}/checkpoint").start())
    Path(folder, "ready").touch()
    query.awaitTermination(int(seconds))
    query.stop()
    spark.stop()


main(*sys.argv[1:])
