"""What can be drawn: named scenarios, each a row of the list of faults."""

from dataclasses import dataclass
from typing import Callable

# Every failpoint of src/: where a process may die, stop, wait or fail. A worker's:
STEPS = ("claim", "s0_collect", "s1_seal.warehouse", "s1_seal.lake", "s2_file", "s2_manifest",
         "s3_begin.warehouse", "s3_begin.lake", "s4_copy", "s4_rows", "s5_lock", "s6_list",
         "s6_metadata", "s7_swap", "s8_fence.warehouse", "s8_fence.lake", "s8_receipt.warehouse",
         "s8_receipt.lake", "s9_send.warehouse", "s9_send.lake", "s9_reply.warehouse",
         "s9_reply.lake", "s10_advance.warehouse", "s10_advance.lake")
# A commit's that hangs in doubt: after s9, and only then.
DOUBT_STEPS = ("settle.warehouse", "settle.lake")
MAINTENANCE_STEPS = ("compact_file", "compact_prepared", "rewrite_lock", "rewrite_swap",
                     "expire_swap", "expire_committed", "s9_send.maintain", "s9_reply.maintain")
REBUILD_STEPS = ("rebuild_begin", "rebuild_batch", "rebuild_made", "swap_begin", "swap_deleted",
                 "swap_inserted", "rewrite_lock", "rewrite_swap", "swap_receipt",
                 "s9_send.rebuild", "s9_reply.rebuild", "rebuild_swapped")

SCENARIOS = {}
# Rows that cannot be done, with the reason; shown by --list.
UNSUPPORTED = {}


@dataclass(frozen=True)
class Scenario:
    name: str
    row: int           # of the list of faults
    run: Callable      # run(world, draw) → what was drawn, in words; raises Trouble
    title: str
    needs: frozenset   # what the cluster must have: kafka, s3, postgres, root
    weight: float      # how often it is drawn
    world: dict        # what its world must be like; not None: one of its own
    slow: bool         # takes over a minute: only in long runs


def scenario(row, needs=(), weight=1.0, world=None, slow=False):
    """Registers a function of (world, draw); its docstring is the title."""
    def register(function):
        name = function.__name__
        SCENARIOS[name] = Scenario(name, row, function, function.__doc__.split("\n")[0].strip("."),
                                   frozenset(needs), weight, world, slow)
        return function
    return register


def unsupported(row, reason):
    UNSUPPORTED[row] = reason


def seed_of(draw):
    return draw.randrange(1 << 31)
