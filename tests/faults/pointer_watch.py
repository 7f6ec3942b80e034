"""How long workers hold the pointers of lake tables, seen from the server."""

import threading
import time

import psycopg

from trouble import Trouble

LOOK_SECONDS = 0.1
# 5 s for all that a commit waits for, 1 s until the server ends a frozen one (commit-protocol.md,
# section 5), and what a busy machine adds.
LONGEST = 6 + 2

HOLDERS = """
SELECT a.pid, a.xact_start, coalesce(a.wait_event_type = 'Lock', false)
  FROM pg_stat_activity AS a
 WHERE a.application_name LIKE 'sluice:%' AND EXISTS (
       SELECT 1 FROM pg_locks AS l WHERE l.pid = a.pid AND l.granted AND l.mode = 'RowShareLock'
          AND l.relation = to_regclass('iceberg_tables'))"""


class PointerWatch:
    """`with PointerWatch(world) as watch: …` raises Trouble when one was held for too long."""

    def __init__(self, world):
        self.world = world
        self.longest = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        self._thread.join()
        if kind is None and self.longest > LONGEST:
            raise Trouble(f"a pointer was held for {self.longest:.1f} s")

    def _run(self):
        since = {}  # transaction → when it was first seen with a pointer in hand
        with psycopg.connect(self.world.cluster.conninfo, autocommit=True) as db:
            while not self._stop.wait(LOOK_SECONDS):
                now = time.monotonic()
                seen = {(pid, begun): waits for pid, begun, waits in db.execute(HOLDERS)}
                # One that waits for its first pointer holds none.
                since = {key: since.get(key, now) for key, waits in seen.items()
                         if key in since or not waits}
                self.longest = max([self.longest, *(now - at for at in since.values())])
