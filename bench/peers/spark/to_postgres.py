"""Kafka → PostgreSQL by micro-batches as fast as they go, at least once.
   to_postgres.py TOPIC DIR: until DIR/stop is there."""

import sys

from books import append, bronze, session, silver, until_told


def main(topic, folder):
    spark = session("to_postgres")
    query = (silver(bronze(spark, topic), "sent_us").writeStream
             .foreachBatch(lambda rows, _: append(rows, "public.books_silver"))
             .option("checkpointLocation", f"{folder}/checkpoint").start())
    until_told(query, folder)
    spark.stop()


main(*sys.argv[1:])
