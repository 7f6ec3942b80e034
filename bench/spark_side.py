"""The peer on a topic: Spark, Kafka → bronze and silver in Parquet → PostgreSQL, at least once."""

import os
from urllib.parse import urlsplit

import outputs
from processes import Watched
from rig import ROOT, BenchError, tail, written
from servers.process import DEPS

VERSION = "4.1.1"
JOBS = ROOT / "bench/peers/spark"
JARS = DEPS / f"spark-{VERSION}/libs"
PYTHON = DEPS / "spark/bin/python"
SUBMIT = DEPS / "spark/bin/spark-submit"
CODEC = "zstd"
TIMEOUT = 1800
SETTINGS = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2",
            "spark.driver.host": "127.0.0.1", "spark.sql.parquet.compression.codec": CODEC,
            # As sluice's; Parquet's own default is 3, and slower.
            "spark.hadoop.parquet.compression.codec.zstd.level": "1"}
ABOUT = {"what": "Apache Spark, one session", "spark": VERSION, "master": "local[2]",
         "driver_memory": "2g", "settings": SETTINGS, "jdbc": "reWriteBatchedInserts=true",
         "guarantee": "at least once into PostgreSQL", "lake": f"Parquet, {CODEC}"}


class Session:
    """A job with a database and a folder of its own; closed, both are gone."""

    def __init__(self, rig, topic, name="spark", jobs=JOBS):
        if not (JARS / ".." / ".done").exists() or not SUBMIT.exists():
            raise BenchError("Spark is not installed: scripts/deps --bench")
        self.rig, self.topic, self.jobs = rig, topic, jobs
        self.home = rig.workdir(name)
        self.url = rig.stack.database()
        self.log = self.home / "log"
        self.data = self.home / "data"
        self.data.mkdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        name = self.url.rpartition("/")[2]
        self.rig.stack.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def start(self, job, *args):
        """Starts `job TOPIC DIR ARGS…`; returns it Watched."""
        at = urlsplit(self.url)
        env = {**os.environ, "PYSPARK_PYTHON": str(PYTHON), "BROKERS": self.rig.stack.kafka.address,
               "JDBC": f"jdbc:postgresql://{at.hostname}:{at.port}{at.path}"
                       "?reWriteBatchedInserts=true",
               "JDBC_USER": at.username, "JDBC_PASSWORD": at.password,
               "SPARK_LOCAL_DIRS": str(self.home / "spark")}
        settings = [word for name, value in SETTINGS.items()
                    for word in ("--conf", f"{name}={value}")]
        jars = ",".join(str(path) for path in sorted(JARS.glob("*.jar")))
        return Watched([SUBMIT, "--master", "local[2]", "--driver-memory", "2g", "--jars", jars,
                        *settings, self.jobs / job, self.topic, self.data, *args], self.log,
                       cwd=self.home, env=env)

    def wait(self, job):
        used = job.wait(TIMEOUT)
        if used.exit_code != 0:
            raise BenchError(f"Spark ended with {used.exit_code}:\n{tail(self.log)}")
        return used


def run(rig, topic):
    """Once over a topic. Returns the raw figures, and what lies in lake and warehouse now."""
    with Session(rig, topic) as session:
        rig.stack.sql("CHECKPOINT")
        with rig.meter() as servers:
            used = session.wait(session.start("one_session.py"))
        bronze, silver = ([str(path) for path in sorted((session.data / name).glob("*.parquet"))]
                          for name in ("bronze", "silver"))
        figures = {**used.row(), **servers.row(), "lake": written(session.data)}
        made = {"warehouse": outputs.of_warehouse(session.url, "public.books_silver", session.home),
                "lake": outputs.of_parquet(silver), "bronze_rows": outputs.parquet_rows(bronze)}
    return figures, made
