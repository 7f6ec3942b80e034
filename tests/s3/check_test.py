"""The start-up test, against a store that breaks its word in one way at a time."""

import hashlib
import unittest
from urllib.parse import unquote, urlsplit

import s3_case
import s3


class Careless:
    """A store in memory; `fault` names what it does wrong."""

    def __init__(self, fault):
        self.fault, self.objects, self.asked = fault, {}, {}

    def __call__(self, call):
        path = unquote(urlsplit(call.path).path)
        answer = {"PUT": self.put, "GET": self.get, "HEAD": self.get, "DELETE": self.delete}
        return answer[call.method](call, path)

    def put(self, call, path):
        if path in self.objects and self.fault != "overwrites":
            return s3.error(412, "PreconditionFailed")
        wrong = hashlib.sha256(call.body).hexdigest() != call.headers["x-amz-content-sha256"]
        if wrong and self.fault != "takes anything":
            return s3.error(400, "XAmzContentSHA256Mismatch")
        self.objects[path] = call.body
        return 200, {}, b""

    def get(self, call, path):
        if "list-type" in call.path:
            if self.fault == "no list":
                return s3.error(403, "AccessDenied")
            return 200, {}, b"<ListBucketResult></ListBucketResult>"
        self.asked[path] = self.asked.get(path, 0) + 1
        if path not in self.objects or self.fault == "late":
            return s3.error(404, "NoSuchKey")
        body = self.objects[path]
        if self.fault == "other bytes":
            body = body[::-1]
        if self.fault == "wrong size" and call.method == "HEAD":
            return 200, {"Content-Length": "3"}, body
        return 200, {"Content-Length": str(len(body))}, body

    def delete(self, _call, path):
        if self.fault == "keeps":
            return s3.error(403, "AccessDenied")
        self.objects.pop(path, None)
        return 204, {}, b""


class CheckTest(unittest.TestCase):
    def check(self, fault):
        store = Careless(fault)
        relay = s3.Relay(None)
        self.addCleanup(relay.close)
        relay.rules.append(store)
        tool = s3_case.Tool(relay.endpoint)
        self.addCleanup(tool.close)
        return tool.ask("check", "s3://lake/x"), store

    def test_a_store_that_keeps_its_word_passes(self):
        answer, store = self.check("")
        self.assertEqual((answer, store.objects), ({}, {}))

    def test_no_right_to_remove_is_no_fault(self):
        answer, store = self.check("keeps")
        self.assertEqual((answer, len(store.objects)), ({}, 1))

    def test_each_fault_is_named(self):
        for fault, words in [("overwrites", "overwrites an object"),
                             ("takes anything", "do not match their x-amz-content-sha256"),
                             ("late", "was just written cannot be read"),
                             ("other bytes", "gives back other bytes"),
                             ("wrong size", "it says 3 bytes")]:
            with self.subTest(fault):
                error = self.check(fault)[0]["error"]
                self.assertEqual(error["kind"], "invalid_config")
                self.assertIn(words, error["message"])
                self.assertIn("s3://lake/x", error["message"])
                self.assertIn("use AWS S3", error["hint"])

    def test_a_key_that_may_not_list_is_refused(self):
        error = self.check("no list")[0]["error"]
        self.assertEqual(error["kind"], "invalid_config")
        self.assertIn("AccessDenied", error["message"])
        self.assertIn("s3:ListBucket", error["hint"])


if __name__ == "__main__":
    unittest.main()
