"""What the tests of the object store share: a server for each class, and the tool that drives our
store."""

import hashlib
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import s3  # noqa: E402

TOOL = os.environ.get("S3_TOOL", str(ROOT / "build/dev/tests/s3/s3_tool"))


class Tool:
    """One s3_tool process with an open store; requests in, answers out."""

    def __init__(self, endpoint, keys=None, **options):
        self.process = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        keys = keys or {"id": s3.KEY, "secret": s3.SECRET}
        self.do("open", endpoint=endpoint, keys=keys, **options)

    def ask(self, op, path="", **arguments):
        self.process.stdin.write(json.dumps({"op": op, "path": path, **arguments}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def do(self, op, path="", **arguments):
        """Asks, and expects no error."""
        answer = self.ask(op, path, **arguments)
        if "error" in answer:
            raise AssertionError(f"{op} {path}: {answer}")
        return answer

    def fails(self, op, path="", **arguments):
        """Asks, and expects an error."""
        answer = self.ask(op, path, **arguments)
        if "error" not in answer:
            raise AssertionError(f"{op} {path} succeeded: {answer}")
        return answer["error"]

    def close(self):
        """Ends the tool and returns what it logged."""
        _, log = self.process.communicate(timeout=60)
        return log


class StoreCase(unittest.TestCase):
    maxDiff = None
    server = s3.Versity

    @classmethod
    def setUpClass(cls):
        cls.store = cls.server()
        cls.addClassCleanup(cls.store.close)
        cls.store.make_buckets("lake")

    def tool(self, endpoint=None, **options):
        tool = Tool(endpoint or self.store.endpoint, **options)
        self.addCleanup(tool.close)
        return tool

    def relay(self, *rules):
        relay = s3.Relay(self.store.port)
        self.addCleanup(relay.close)
        relay.rules.extend(rules)
        return relay

    def content(self, key):
        return self.store.read("lake/" + key)


def sha256(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()
