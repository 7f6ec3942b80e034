"""packaging/sluice.service, by systemd's own checker."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging/sluice.service"


@unittest.skipUnless(shutil.which("systemd-analyze"), "a machine without systemd has no checker")
class SystemdTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-unit-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def analyze(self, text, *verb):
        """Returns what the checker says of the unit, its program being one that exists here."""
        file = self.folder / "sluice.service"
        file.write_text(text.replace("/usr/bin/sluice", "/bin/true"), encoding="utf-8")
        done = subprocess.run(["systemd-analyze", "--no-pager", *verb, file], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.replace(str(self.folder), "")

    def test_the_unit_is_valid(self):
        self.assertEqual(self.analyze(UNIT.read_text(), "verify"), (0, ""))

    def test_seeded_errors_are_found(self):
        for before, after in [("Type=notify", "Type=notified"),
                              ("NoNewPrivileges=yes", "NoNewPriviledges=yes"),
                              ("WatchdogSec=120", "WatchdogSec=often"),
                              ("ExecStart=/usr/bin/sluice", "ExecStart=/nowhere/sluice")]:
            with self.subTest(after=after):
                self.assertIn(before, UNIT.read_text())
                self.assertNotEqual(self.analyze(UNIT.read_text().replace(before, after), "verify"),
                                    (0, ""))

    def test_it_is_locked_in(self):
        verb = ("security", "--offline=true", "--threshold=25")
        code, said = self.analyze(UNIT.read_text(), *verb)
        self.assertEqual(code, 0, said)
        code, _ = self.analyze("[Service]\nExecStart=/bin/true\n", *verb)
        self.assertNotEqual(code, 0, "a unit without any lock exceeds the threshold")


if __name__ == "__main__":
    unittest.main()
