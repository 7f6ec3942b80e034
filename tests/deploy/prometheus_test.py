"""packaging/prometheus, by promtool: the configuration, the rules, and when they fire."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging/prometheus"
CASES = ROOT / "tests/deploy/rules_cases.yml"


def promtool(*args):
    return subprocess.run(["promtool", *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


class PrometheusTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-rules-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def cases(self, rules):
        (self.folder / "rules.yml").write_text(rules, encoding="utf-8")
        file = self.folder / "cases.yml"
        file.write_text(CASES.read_text(encoding="utf-8")
                        .replace("RULES", str(self.folder / "rules.yml")), encoding="utf-8")
        return promtool("test", "rules", file)

    def test_the_configuration_and_its_rules_are_valid(self):
        done = promtool("check", "config", FOLDER / "prometheus.yml")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("SUCCESS: 10 rules found", done.stdout)

    def test_alerts_fire_when_they_should_and_not_else(self):
        rules = (FOLDER / "rules.yml").read_text(encoding="utf-8")
        done = self.cases(rules)
        self.assertEqual(done.returncode, 0, done.stdout)
        for before, after in [("sluice_ready) == 0", "sluice_ready) == 1"),
                              ("increase(sluice_quarantined_total", "increase(sluice_quarantine"),
                              ("> 10000 and", "> 100000000 and")]:
            self.assertIn(before, rules)
            self.assertNotEqual(self.cases(rules.replace(before, after)).returncode, 0, after)

    def test_rules_use_metrics_that_there_are(self):
        written = set(re.findall(r'Family\("(\w+)"',
                                 (ROOT / "src/serve/metrics.cc").read_text(encoding="utf-8")))
        self.assertGreaterEqual(len(written), 20)
        used = set(re.findall(r"\b(sluice_\w+)", (FOLDER / "rules.yml").read_text()))
        self.assertLessEqual(used, written)
        documented = (ROOT / "docs/api.md").read_text(encoding="utf-8")
        for name in written:
            last = name.removeprefix("sluice_gold_last_build")
            self.assertTrue(f"`{name}`" in documented or f"`…{last}`" in documented, name)


if __name__ == "__main__":
    unittest.main()
