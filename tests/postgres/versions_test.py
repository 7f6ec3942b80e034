"""The oldest and the newest server that sluice promises to work with; 15 runs everywhere else."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipelines import ROWS, small_project, with_records  # noqa: E402
from postgres import Postgres  # noqa: E402
from project import ROOT, SLUICE  # noqa: E402

UNIT_TESTS = Path(SLUICE).resolve().parents[1] / "src"


def programs(version):
    """A copy that the server's user can reach, wherever the checkout lies."""
    folder = Path(tempfile.mkdtemp(prefix=f"sluice-pg{version}-"))
    folder.chmod(0o755)
    shutil.copytree(ROOT / f".deps/postgres-{version}", folder / "server", symlinks=True)
    return folder


class VersionsTest(unittest.TestCase):
    def with_version(self, version):
        folder = programs(version)
        self.addCleanup(shutil.rmtree, folder)
        binaries = folder / "server/bin"
        self.pipeline(Postgres(programs=binaries), version)
        # All statements that the tests beside the code reach, on a private server of this version.
        for name in ("ledger", "warehouse"):
            done = subprocess.run(
                [UNIT_TESTS / name / f"{name}_test", "--gtest_brief=1"], text=True, check=False,
                env=os.environ | {"PATH": f"{binaries}:{os.environ['PATH']}"},
                capture_output=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout[-4000:])
            self.assertIn("PASSED", done.stdout)

    def pipeline(self, server, version):
        self.addCleanup(server.close)
        self.assertTrue(server.sql("SHOW server_version")[0][0].startswith(version))
        project = small_project(server.conninfo, schema="store")
        self.addCleanup(project.close)
        server.sql("CREATE ROLE app LOGIN")
        server.sql(project.ok("plan", "--sql", "--run-role", "app"))
        project.env["DATABASE_URL"] = server.conninfo.replace("user=postgres", "user=app")
        with_records(project)
        project.ok("run", "--once", "--workers", "2")
        for verb in (("status",), ("verify",), ("plan",), ("quarantine", "ls"), ("tables", "ls")):
            project.ok(*verb)
        self.assertIn(f"version {version}", project.sluice("doctor").stdout)
        self.assertEqual(server.sql("SELECT count(*) FROM store.people"), [(ROWS,)])
        self.assertEqual(server.sql("SELECT count(*) FROM store.latest"), [(10,)])

    def test_13(self):
        self.with_version("13")

    def test_17(self):
        self.with_version("17")


if __name__ == "__main__":
    unittest.main()
