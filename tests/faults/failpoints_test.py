"""Failpoints are in builds for tests, and in no other."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import scenario  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DEV = Path(os.environ.get("SLUICE_BIN", str(ROOT / "build/dev/bin/sluice")))
RELEASE = ROOT / "build/release"
HOOK = b"HitFailpoint"


def users():
    """source → the failpoints in it."""
    found = {}
    for path in sorted((ROOT / "src").rglob("*.cc")):
        names = re.findall(r'SLUICE_FAILPOINT\("(\w+)"', path.read_text(encoding="utf-8"))
        if names and not path.name.endswith("_test.cc"):
            found[path] = names
    return found


class FailpointsTest(unittest.TestCase):
    def test_each_step_has_one(self):
        names = {name for names in users().values() for name in names}
        self.assertEqual({name.split("_")[0] for name in names if re.match(r"s\d", name)},
                         {f"s{step}" for step in range(11)})

    def test_each_is_drawn_by_a_scenario(self):
        """A second word comes from the code, so only the first is compared."""
        drawn = {step.partition(".")[0] for steps in (
            scenario.STEPS, scenario.DOUBT_STEPS, scenario.MAINTENANCE_STEPS,
            scenario.REBUILD_STEPS) for step in steps}
        self.assertEqual({name for names in users().values() for name in names}, drawn)

    def test_the_program_for_tests_has_all(self):
        program = DEV.read_bytes()
        for path, names in users().items():
            for name in names:
                self.assertIn(name.encode() + b"\0", program,
                              f"{name}: is {path.name} listed by sluice_failpoints()?")

    def test_the_release_has_none(self):
        """The files that hold them, compiled as the release compiles them; and all of it where it
        was built."""
        subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        objects = [f"src/{path.parent.name}/CMakeFiles/sluice_{path.parent.name}.dir/{path.name}.o"
                   for path in [ROOT / "src/core/failpoint.cc", *users()]]
        subprocess.run(["ninja", "-C", RELEASE, *objects], check=True, stdout=subprocess.DEVNULL)
        built = [RELEASE / name for name in objects]
        program = RELEASE / "bin/sluice"
        for file in [*built, *([program] if program.exists() else [])]:
            self.assertNotIn(HOOK, file.read_bytes(), file)


if __name__ == "__main__":
    unittest.main()
