"""sluice on a topic: Kafka → bronze and silver in Iceberg → PostgreSQL, exactly once."""

import json
import os
import subprocess

import outputs
import records
from processes import Watched
from rig import ROOT, SLUICE, BenchError, tail, written

TIMEOUT = 1800
WARM_ROWS = 500_000
TABLE = "public.books_silver"

PIPELINE = """\
version: 1
pipeline: bench
source:
  kafka: {brokers}
  topic: {topic}
lake: {{root: {root}, every: {every}}}
{maintenance}warehouse: ${{DATABASE_URL}}
bronze:
  raw.books:
    format: json
    columns:
      Book: string
      Author(s): string
      Original language: string
      First published: int
      Approximate sales in millions: double
      Genre: string
{bronze_more}silver:
  processed.books:
    from: raw.books
    sql: |
      SELECT trim("Book")                    AS book_title,
             trim("Author(s)")               AS authors,
             trim("Original language")       AS original_language,
             "First published"               AS first_published_year,
             "Approximate sales in millions" AS sales_millions,
             nullif(trim("Genre"), '')       AS genre{silver_more},
             _timestamp                      AS ingested_at
      FROM raw.books
      WHERE trim("Book") <> ''
    warehouse: {{table: {table}, {mode}}}
"""


class Pipeline:
    """A pipeline on a database and a folder of its own; closed, both are gone."""

    def __init__(self, rig, topic, name="sluice", every="30s", upsert=False,
                 shape=records.Shape(), more=(), root="./lake", maintenance="", **variables):
        """`more`: further columns, (name, type), that go through to silver as they are;
        `maintenance`: as in the file, or as it is by itself; `variables` are more of the
        environment."""
        self.rig = rig
        self.home = rig.workdir(name)
        self.url = rig.stack.database()
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("KAFKA_BROKERS", "LAKE", "S3_ENDPOINT")}
        self.env |= {"DATABASE_URL": self.url, **variables}
        more = [*([("Blurb", "string")] if shape.padding else []),
                *((f"c{number}", "int") for number in range(shape.columns)), *more]
        text = PIPELINE.format(
            brokers=rig.stack.kafka.address, topic=topic, root=root, every=every, table=TABLE,
            maintenance=f"maintenance: {maintenance}\n" if maintenance else "",
            mode="mode: upsert, key: [book_title, authors]" if upsert else "mode: append",
            bronze_more="".join(f"      {name}: {kind}\n" for name, kind in more),
            silver_more="".join(f',\n             "{name}"' for name, _ in more))
        (self.home / "sluice.yml").write_text(text, encoding="utf-8")
        self.log = self.home / "log"
        self.stdout = self.home / "stdout"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        name = self.url.rpartition("/")[2]
        self.rig.stack.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def start(self, *args):
        """`sluice run` in its own process tree; returns it Watched."""
        with open(self.stdout, "wb") as stdout:
            return Watched([SLUICE, "run", "-o", "json", "--http", "off", *args], self.log,
                           cwd=self.home, env=self.env, stdout=stdout)

    def once(self, *args):
        """Drains the topic; returns what was Used and what sluice says of it."""
        used = self.need(self.start("--once", *args).wait(TIMEOUT))
        return used, json.loads(self.stdout.read_text(encoding="utf-8"))

    def need(self, used):
        """What a run Used that ended as it should."""
        if used.exit_code != 0:
            raise BenchError(f"sluice run ended with {used.exit_code}:\n{tail(self.log)}")
        return used

    def verify(self):
        """What `sluice verify` says, of differences too."""
        done = subprocess.run([SLUICE, "verify", "-o", "json"], cwd=self.home, env=self.env,
                              text=True, capture_output=True, check=False)
        if not done.stdout:
            raise BenchError(done.stderr)
        return json.loads(done.stdout)

    def silver_files(self):
        return outputs.lake_files(self.url, "processed.books")

    def bronze_files(self):
        return outputs.lake_files(self.url, "raw.books")


def run(rig, topic):
    """Once over a topic. Returns the raw figures, and what lies in lake and warehouse now."""
    with Pipeline(rig, topic) as pipeline:
        rig.stack.sql("CHECKPOINT")
        with rig.meter() as servers:
            used, said = pipeline.once()
        figures = {**used.row(), **servers.row(), "lake": written(pipeline.home / "lake"),
                   "records": said["records"], "quarantined": said["quarantined"], "said": said}
        made = {"warehouse": outputs.of_warehouse(pipeline.url, TABLE, pipeline.home),
                "lake": outputs.of_parquet(pipeline.silver_files()),
                "bronze_rows": outputs.parquet_rows(pipeline.bronze_files())}
    return figures, made


def warm(rig, rows):
    """A run that does not count: a broker that just started compiles its code, and PostgreSQL has
    no log files to use again. Both sides find the servers as after weeks."""
    run(rig, rig.topic(min(rows, WARM_ROWS)))


def version():
    done = subprocess.run([SLUICE, "version"], text=True, capture_output=True, check=False,
                          cwd=ROOT)
    return done.stdout.strip()
