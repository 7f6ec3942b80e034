"""A draw of faults on real Kafka, S3 and PostgreSQL. SLUICE_FAULT_MINUTES and SLUICE_SEED choose
another length and another draw; `scripts/faults --seed S` repeats one."""

import os
import random
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "support")]
import main  # noqa: E402

MINUTES = float(os.environ.get("SLUICE_FAULT_MINUTES", "10"))
SEED = int(os.environ.get("SLUICE_SEED", str(random.SystemRandom().randrange(1 << 31))))


class DrawTest(unittest.TestCase):
    def test_draw(self):
        tally = main.draw(SEED, MINUTES, main.RealCluster)
        self.assertEqual(tally.faults, [], f"seed {SEED}")
        self.assertEqual((tally.lost, tally.doubled, tally.disagreements), (0, 0, 0))
        self.assertGreater(tally.rows, 1000)
        self.assertGreater(tally.kills + tally.stops + tally.cuts, MINUTES * 3)


if __name__ == "__main__":
    unittest.main()
