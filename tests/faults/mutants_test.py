"""The suite is red on each of six wrong commits, and green on the real one."""

import subprocess
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "support")]
import mutants  # noqa: E402
from cluster import EmbeddedCluster  # noqa: E402
from project import ROOT  # noqa: E402


class MutantsTest(unittest.TestCase):
    def test_mutants(self):
        subprocess.run([ROOT / "scripts/build", "dev", "sluice", "mutants"], check=True)
        said = []
        self.assertTrue(mutants.run(EmbeddedCluster, said.append), "\n".join(said))


if __name__ == "__main__":
    unittest.main()
