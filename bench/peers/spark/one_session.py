"""Kafka → bronze → silver → PostgreSQL, all there is, in one session.   one_session.py TOPIC DIR"""

import sys

from books import append, bronze, session, silver


def main(topic, folder):
    spark = session("one_session")
    (bronze(spark, topic).writeStream.format("parquet").option("path", f"{folder}/bronze")
     .option("checkpointLocation", f"{folder}/checkpoint").trigger(availableNow=True).start()
     .awaitTermination())
    rows = silver(spark.read.parquet(f"{folder}/bronze"), "ingested_at")
    rows.write.parquet(f"{folder}/silver")
    append(spark.read.parquet(f"{folder}/silver"), "public.books_silver")
    spark.stop()


main(*sys.argv[1:])
