"""Sends records at a steady rate, each stamped just before it is handed to the client.

    producer.py BROKERS TOPIC RATE SECONDS        prints JSON: how many, from when to when

`sent_us` differs in all records, so that a reader can tell them apart.
"""

import json
import sys
import time

from confluent_kafka import Producer

TICK = 0.001
TITLE = '{"Book":"Silver Winter Letters %d","Author(s)":"Murasaki Eco and Anna %d",' \
        '"Original language":"Italian","First published":1983,' \
        '"Approximate sales in millions":36.2754,"Genre":"Historical fiction","sent_us":%d}'


def send(brokers, topic, rate, seconds):
    failed = []
    producer = Producer({"bootstrap.servers": brokers, "acks": "all", "linger.ms": 1,
                         "on_delivery": lambda error, _: error and failed.append(error)})
    # What the client does at first, such as asking where partitions lie, is no record's age.
    producer.list_topics(topic, timeout=30)
    begun = time.monotonic()
    first = last = time.time_ns() // 1000
    sent = 0
    while (now := time.monotonic() - begun) < seconds:
        for _ in range(int(now * rate) - sent):
            last = max(last + 1, time.time_ns() // 1000)
            producer.produce(topic, TITLE % (sent, sent % 997, last))
            sent += 1
        producer.poll(0)
        time.sleep(TICK)
    left = producer.flush(60)
    if failed or left:
        sys.exit(f"producer: {left} records not confirmed; {failed[:1]}")
    return {"sent": sent, "first_us": first, "last_us": last}


if __name__ == "__main__":
    brokers, topic, rate, seconds = sys.argv[1:]
    print(json.dumps(send(brokers, topic, float(rate), float(seconds))))
