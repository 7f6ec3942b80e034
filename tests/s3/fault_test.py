"""Our store behind a relay that loses, delays and falsifies; and with keys that change."""

import json
import os
import tempfile
import time
import unittest

from s3_case import StoreCase, sha256
import s3


class FaultTest(StoreCase):
    def test_all_that_matters_is_signed_and_no_secret_is_sent(self):
        relay = self.relay()
        keys = {"id": s3.KEY, "secret": s3.SECRET, "token": "some-token"}
        self.tool(relay.endpoint, keys=keys).fails("put", "s3://lake/signed", text="hello")
        headers = relay.calls[0].headers
        self.assertIn("SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date;"
                      "x-amz-security-token,", headers["Authorization"])
        self.assertIn(f"Credential={s3.KEY}/", headers["Authorization"])
        self.assertEqual(headers["x-amz-content-sha256"], sha256("hello"))
        self.assertEqual((headers["If-None-Match"], headers["x-amz-security-token"]),
                         ("*", "some-token"))
        self.assertNotIn(s3.SECRET, str(headers))

    def test_a_lost_reply_is_found_to_have_worked(self):
        relay = self.relay(s3.times(1, "PUT", s3.SWALLOW))
        self.tool(relay.endpoint).do("put", "s3://lake/lost/reply", text="bytes")
        self.assertEqual(self.content("lost/reply"), b"bytes")
        puts = [call.status for call in relay.calls if call.method == "PUT"]
        self.assertEqual(puts, [200, 412])
        self.assertEqual(relay.count("GET"), 1)  # its content was compared

    def test_a_lost_reply_of_another_writers_put_is_not_ours(self):
        def another(_call):
            self.tool().do("put", "s3://lake/lost/race", text="theirs")
            return s3.DROP

        relay = self.relay(s3.times(1, "PUT", another))
        error = self.tool(relay.endpoint).fails("put", "s3://lake/lost/race", text="mine!!")
        self.assertEqual(error["code"], "already_exists")
        self.assertEqual(self.content("lost/race"), b"theirs")

    def test_409_without_an_object_is_tried_again(self):
        conflict = s3.error(409, "ConditionalRequestConflict")
        relay = self.relay(s3.times(2, "PUT", conflict))
        self.tool(relay.endpoint).do("put", "s3://lake/conflict", text="bytes")
        self.assertEqual(self.content("conflict"), b"bytes")

    def test_busy_stores_are_asked_again(self):
        busy = [s3.error(503, "SlowDown"), (500, {}, b""), (429, {}, b""), s3.DROP,
                s3.error(200, "InternalError")]
        for number, answer in enumerate(busy):
            for method in ("PUT", "DELETE"):
                with self.subTest(method=method, answer=answer):
                    relay = self.relay(s3.times(3, method, answer))
                    tool = self.tool(relay.endpoint)
                    tool.do("put", f"s3://lake/busy/{number}", text="bytes")
                    tool.do("delete", f"s3://lake/busy/{number}")
                    self.assertEqual(relay.count(method), 4)

    def test_a_list_that_is_an_error_is_none(self):
        relay = self.relay(s3.times(2, "GET", s3.error(200, "InternalError")))
        self.tool(relay.endpoint).do("list", "s3://lake/none")
        self.assertEqual(relay.count("GET"), 3)

    def test_an_object_may_hold_the_text_of_an_error(self):
        tool = self.tool()
        text = s3.error(500, "InternalError")[2].decode()
        tool.do("put", "s3://lake/error.xml", text=text)
        self.assertEqual(tool.do("get", "s3://lake/error.xml")["sha256"], sha256(text))

    def test_patience_has_an_end(self):
        relay = self.relay(s3.times(1_000, "PUT", s3.error(503, "SlowDown")))
        tool = self.tool(relay.endpoint)
        start = time.monotonic()
        error = tool.fails("put", "s3://lake/never", text="x", ms=1_000)
        self.assertEqual(error["kind"], "retryable")
        self.assertIn("SlowDown", error["message"])
        self.assertLess(time.monotonic() - start, 2)

    def test_a_silent_store_costs_no_more_than_the_deadline(self):
        def silent(_call):
            time.sleep(3)
            return s3.DROP

        relay = self.relay(s3.times(1, "GET", silent))
        start = time.monotonic()
        error = self.tool(relay.endpoint).fails("get", "s3://lake/x", ms=700)
        self.assertEqual(error["kind"], "retryable")
        self.assertLess(time.monotonic() - start, 2)

    def test_nobody_there(self):
        error = self.tool(f"http://127.0.0.1:{s3.free_port()}").fails("get", "s3://lake/x", ms=500)
        self.assertEqual(error["kind"], "retryable")
        self.assertIn("does not answer", error["message"])

    def test_redirects_are_not_followed(self):
        other = self.relay()
        for status in (301, 302, 307, 308):
            target = {"Location": f"{other.endpoint}/lake/x", "x-amz-bucket-region": "eu-west-9"}
            relay = self.relay(s3.times(9, "GET", (status, target, b"")))
            error = self.tool(relay.endpoint).fails("get", "s3://lake/x")
            self.assertEqual((error["kind"], error["code"]), ("invalid_config", "store_refused"))
            self.assertIn("eu-west-9", error["message"])
        self.assertEqual(other.calls, [])

    def test_a_cut_reply_is_asked_for_again(self):
        tool = self.tool()
        tool.do("put", "s3://lake/cut", size=100_000)
        relay = self.relay(s3.times(2, "GET", s3.TRUNCATE))
        answer = self.tool(relay.endpoint).do("get", "s3://lake/cut")
        self.assertEqual(answer["size"], 100_000)
        self.assertEqual(relay.count("GET"), 3)


class KeysTest(StoreCase):
    def setUp(self):
        self.file = self.store.folder + "/keys.json"

    def write(self, **keys):
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(keys, file)
        os.replace(self.file + ".new", self.file)

    def test_expired_keys_are_read_anew(self):
        """The file has the new ones already: nobody notices."""
        self.write(id=s3.KEY, secret=s3.SECRET)
        tool = self.tool(keys={"id": s3.KEY, "secret": s3.SECRET, "token": "expired-token"},
                         keys_file=self.file)
        tool.do("put", "s3://lake/keys/one", text="1")
        self.assertEqual(self.content("keys/one"), b"1")
        log = tool.close()
        self.assertIn("new keys", log)
        self.assertNotIn("expired-token", log)
        self.assertNotIn(s3.SECRET, log)

    def test_keys_that_expire_later_pause_the_work(self):
        """Refused keys of a store that worked before are no wrong configuration."""
        self.write(id=s3.KEY, secret=s3.SECRET)
        expired = s3.error(403, "ExpiredToken", "The provided token has expired.")
        relay = self.relay()
        tool = self.tool(relay.endpoint, keys_file=self.file)
        tool.do("put", "s3://lake/keys/two", text="2")
        relay.rules.append(s3.times(1, "PUT", expired))
        error = tool.fails("put", "s3://lake/keys/three", text="3")
        self.assertEqual((error["kind"], error["code"]), ("retryable", "store_refused"))
        self.assertIn("ExpiredToken", error["message"])
        tool.do("put", "s3://lake/keys/three", text="3")

    def test_changed_files_are_noticed_before_the_keys_expire(self):
        self.write(id=s3.KEY, secret="not yet")
        tool = self.tool(keys={"id": s3.KEY, "secret": s3.SECRET}, keys_file=self.file,
                         reload_every_ms=100)
        self.assertEqual(tool.fails("get", "s3://lake/none")["code"], "not_found")
        time.sleep(0.2)
        self.assertEqual(tool.fails("get", "s3://lake/none")["code"], "store_refused")
        self.write(id=s3.KEY, secret=s3.SECRET)
        self.assertEqual(tool.fails("get", "s3://lake/none")["code"], "not_found")

    def test_an_unreadable_file_keeps_the_old_keys(self):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("{")
        tool = self.tool(keys={"id": s3.KEY, "secret": "wrong"}, keys_file=self.file)
        self.assertEqual(tool.fails("get", "s3://lake/none")["code"], "store_refused")


class TlsTest(StoreCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="sluice-tls-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.tls = s3.certificate(cls.folder.name)
        cls.store = s3.Versity(tls=cls.tls)
        cls.addClassCleanup(cls.store.close)
        cls.store.make_buckets("lake")

    def test_works_with_the_right_authority(self):
        tool = self.tool(ca_file=self.tls[2])
        tool.do("put", "s3://lake/tls", text="safe")
        self.assertEqual(tool.do("get", "s3://lake/tls")["sha256"], sha256("safe"))
        tool.do("check", "s3://lake")

    def refused(self, endpoint=None, **options):
        error = self.tool(endpoint, **options).fails("get", "s3://lake/tls")
        self.assertEqual((error["kind"], error["code"]), ("invalid_config", "server_not_trusted"))
        self.assertIn("ca_file", error["hint"])

    def test_unknown_authority_is_refused(self):
        self.refused()
        other = s3.certificate(self.folder.name, name="other")
        self.refused(ca_file=other[2])

    def test_missing_authority_file_is_refused(self):
        self.refused(ca_file="/none.pem")

    def test_another_host_is_refused(self):
        self.refused(f"https://localhost:{self.store.port}", ca_file=self.tls[2])


if __name__ == "__main__":
    unittest.main()
