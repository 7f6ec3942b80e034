"""Sends records to a topic and logs each one that the broker acknowledged. Runs until SIGTERM.

    load.py BROKERS TOPIC PARTITIONS RATE SEED ACKS SKEW KINDS

ACKS gets a line `partition offset number timestamp sha256` an acknowledged record; a last line
`end` says that nothing is under way any more. SKEW is the share of partition 0 (0: even). KINDS is
`all`, or `accepted`: none that belongs into the quarantine.
RATE can be changed while it runs: a line with a number on stdin.
"""

import hashlib
import os
import random
import select
import signal
import sys
import time

from confluent_kafka import Producer

import records

TICK = 0.02


class Load:
    def __init__(self, brokers, topic, partitions, rate, seed, acks, skew, kinds):
        self.topic, self.partitions, self.rate, self.skew = topic, partitions, rate, skew
        self.wanted = records.accepted if kinds == "accepted" else lambda number: True
        self.draw = random.Random(seed)
        self.acks = open(acks, "a", encoding="ascii", buffering=1 << 16)
        self.number = 0
        self.waiting = {}  # number → timestamp; the embedded broker's receipts have a made-up one
        self.failed = None
        self.stopped = False
        self.producer = Producer({
            "bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 5,
            "message.timeout.ms": 600_000, "queue.buffering.max.messages": 200_000,
            "log_level": 2})

    def on_delivery(self, error, message):
        number = int(message.key())
        at = self.waiting.pop(number)
        if error is not None:
            self.failed = error
            return
        sha = hashlib.sha256(message.value()).hexdigest()
        self.acks.write(f"{message.partition()} {message.offset()} {number} {at} {sha}\n")

    def partition(self):
        if self.skew and self.draw.random() < self.skew:
            return 0
        return self.draw.randrange(self.partitions)

    def send(self):
        self.number += 1
        while not self.wanted(self.number):
            self.number += 1
        at = self.waiting[self.number] = int(time.time() * 1000)
        self.producer.produce(self.topic, records.value(self.number), str(self.number).encode(),
                              self.partition(), self.on_delivery, at)

    def read_orders(self):
        while select.select([0], [], [], 0)[0]:
            line = sys.stdin.readline()
            if not line:  # whoever started us is gone
                self.stopped = True
                return
            self.rate = float(line)

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopped", True))
        due = 0.0
        while not self.stopped and self.failed is None:
            self.read_orders()
            due = min(due + self.rate * TICK, 50_000)
            while due >= 1 and len(self.waiting) < 100_000:
                self.send()
                due -= 1
            self.producer.poll(0)
            self.acks.flush()
            time.sleep(TICK)
        self.producer.flush(600)
        if self.failed is None and not self.waiting:
            self.acks.write("end\n")
        self.acks.close()
        if self.failed is not None:
            sys.exit(f"load: {self.failed}")


def main():
    brokers, topic, partitions, rate, seed, acks, skew, kinds = sys.argv[1:]
    os.setpgrp()  # a Ctrl-C is for whoever started us
    Load(brokers, topic, int(partitions), float(rate), int(seed), acks, float(skew), kinds).run()


if __name__ == "__main__":
    main()
