"""What the tests of PostgreSQL run: a small pipeline, a few records, certificates."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from project import Project  # noqa: E402

PIPELINE = """
version: 1
pipeline: small
source: {kafka: embedded, topic: small}
lake: {root: ./lake, every: 500ms}
warehouse: ${DATABASE_URL}
bronze:
  raw.people:
    format: json
    columns: {id: long, name: string}
silver:
  processed.people:
    from: raw.people
    sql: SELECT id, trim(name) AS name FROM raw.people
    warehouse: {table: %s.people, mode: append}
  processed.latest:
    from: raw.people
    sql: SELECT id % 10 AS bucket, id FROM raw.people
    warehouse: {table: %s.latest, mode: upsert, key: [bucket]}
"""
ROWS = 100
CSV = "id,name\n" + "".join(f"{i},name {i}\n" for i in range(ROWS))


def small_project(database_url, schema="public", **variables):
    """A project with a broker of its own that holds ROWS records."""
    pipeline = PIPELINE.replace("%s.", f"{schema}.")
    project = Project(pipeline=pipeline, DATABASE_URL=database_url, **variables)
    project.write("people.csv", CSV)
    return project


def with_records(project):
    project.broker(1)
    project.ok("produce", "people.csv")
    return project


class Certificates:
    """An authority, and server certificates that it signed, one for each name."""

    def __init__(self, *names):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-tls-"))
        self.folder.chmod(0o755)
        self.authority = self._authority("ca")
        self.other_authority = self._authority("other")
        self.files = {}
        for name in names:
            self.files |= self._server(name)

    def _openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True, cwd=self.folder,
                       capture_output=True)

    def _authority(self, name):
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2",
                      "-subj", f"/CN=test {name}")
        return str(self.folder / f"{name}.crt")

    def _server(self, name):
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self.folder / "san").write_text(f"subjectAltName=DNS:{name}\n", encoding="ascii")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                      "-days", "2", "-out", f"{name}.crt", "-extfile", "san")
        return {f"{name}.{kind}": (self.folder / f"{name}.{kind}").read_text(encoding="ascii")
                for kind in ("key", "crt")}
