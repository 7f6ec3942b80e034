"""The log of what the broker acknowledged, read as it grows."""

import threading

import numpy as np


def key_of(partition, offset):
    return partition << 44 | offset


class Acks:
    """Records by key: number, timestamp and sha256 of each. Threads may read at a time."""

    def __init__(self, path):
        self.path, self.at, self.ended = path, 0, False
        self.keys, self.numbers, self.times = [], [], []
        self.sha, self.high = {}, {}  # by key; by partition: one past the greatest offset
        self._sorted = None
        self._lock = threading.Lock()

    def read(self):
        """Takes in the whole lines that were written since."""
        with self._lock:
            self._read()

    def _read(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.at)
                text = file.read()
        except FileNotFoundError:
            return
        text = text[:text.rfind(b"\n") + 1]
        self.at += len(text)
        for line in text.decode("ascii").splitlines():
            if line == "end":
                self.ended = True
                continue
            partition, offset, number, time, sha = line.split(" ")
            key = key_of(int(partition), int(offset))
            self.keys.append(key)
            self.numbers.append(int(number))
            self.times.append(int(time))
            self.sha[key] = sha
            self.high[int(partition)] = max(self.high.get(int(partition), 0), int(offset) + 1)
        if text:
            self._sorted = None

    def arrays(self):
        """Keys in order, with numbers and timestamps."""
        with self._lock:
            if self._sorted is None:
                keys = np.array(self.keys, dtype=np.int64)
                order = np.argsort(keys)
                self._sorted = (keys[order], np.array(self.numbers, dtype=np.int64)[order],
                                np.array(self.times, dtype=np.int64)[order])
            return self._sorted

    def numbers_of(self, keys):
        """The number of each key's record; -1 where none was acknowledged."""
        known, numbers, _ = self.arrays()
        if not len(known):
            return np.full(len(keys), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[at] == keys, numbers[at], -1)

    def __len__(self):
        return len(self.keys)
