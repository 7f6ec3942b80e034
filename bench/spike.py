"""Twenty times the load for a minute: does memory stay, and when is what piled up gone?"""

import threading
import time
from functools import partial

import freshness
import processes
import sluice_side
import visible
from result import Result
from rig import PARTITIONS, Rig, say

SAMPLE_SECONDS = 0.2


def add_arguments(parser):
    parser.add_argument("--rate", type=float, default=2_000, help="records a second before and "
                        "after (2,000)")
    parser.add_argument("--times", type=float, default=20, help="how much more in the spike (20)")
    parser.add_argument("--seconds", type=float, default=60, help="how long it lasts (60)")
    parser.add_argument("--calm", type=float, default=20, help="seconds before and after it (20)")
    parser.add_argument("--every", default="1s", help="lake.every (1s)")


class Memory:
    """The peak of a process's proportional share, phase by phase."""

    def __init__(self, pid):
        self.pid, self.peaks, self.phase = pid, {}, "before"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ended.wait(SAMPLE_SECONDS):
            share = processes.memory_bytes([self.pid])[0]
            self.peaks[self.phase] = max(self.peaks.get(self.phase, 0), share)

    def stop(self):
        self._ended.set()
        self._thread.join()
        return {phase: round(peak / 1e6, 1) for phase, peak in self.peaks.items()}


def main(args):
    result = Result("spike")
    with Rig(args.dir) as rig:
        figures = of_sluice(rig, args)
    result.write(args.json, rate=args.rate, times=args.times, spike_s=args.seconds,
                 lake_every=args.every, partitions=PARTITIONS, **figures)
    return 0 if figures["outputs_equal"] else 1


def of_sluice(rig, args):
    topic = rig.stack.topic(partitions=PARTITIONS)
    with sluice_side.Pipeline(rig, topic, every=args.every, more=freshness.SENT) as pipeline:
        run = pipeline.start()
        memory = Memory(run.pid)
        try:
            sent = freshness.produce(rig, topic, args.rate, args.calm)["sent"]
            memory.phase = "spike"
            spike = freshness.produce(rig, topic, args.rate * args.times, args.seconds)["sent"]
            sent += spike
            drained = drain(run, pipeline, sent)
            memory.phase = "after"
            sent += freshness.produce(rig, topic, args.rate, args.calm)["sent"]
            drain(run, pipeline, sent)
        finally:
            peaks = memory.stop()
            used = run.stop()
        pipeline.need(used)
        rows = [visible.total(pipeline.url, sluice_side.TABLE),
                visible.total_in_lake(pipeline.url, "processed.books")]
    figures = {"sent": sent, "spike_per_s": round(spike / args.seconds), "memory_mb": peaks,
               "drained_s": round(drained, 2), "outputs_equal": rows == [sent, sent]}
    say(f"{figures}")
    return figures


def drain(run, pipeline, sent):
    """Seconds until all that was sent can be read in both sinks."""
    begun = time.monotonic()
    for total, name in ((visible.total, sluice_side.TABLE),
                        (visible.total_in_lake, "processed.books")):
        freshness.wait_for_rows(run, pipeline.log, sent, partial(total, pipeline.url, name))
    return time.monotonic() - begun
