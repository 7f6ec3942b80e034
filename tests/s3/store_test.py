"""Our store against versitygw, and what MinIO may do differently."""

import os
import time
import unittest

from s3_case import StoreCase, sha256
import s3

ODD_KEYS = ["plain.txt", "a b/c+d=e", "日本/ÅÄ.x", "50%25 off/%2F", "'()*!:@$,;&?#[]{}|^`\"<>\\",
            "ts_day=2026-01-01/genre=a%2Fb/x", "~.-_", "a/..b/.c", "tab\tline"]


class EveryStore:
    """What every store must do with us."""

    unknown_key = "InvalidAccessKeyId"

    def test_gives_back_what_was_put(self):
        tool = self.tool()
        tool.do("put", "s3://lake/x/one", text="hello world")
        self.assertEqual(self.content("x/one"), b"hello world")
        self.assertEqual(tool.do("get", "s3://lake/x/one"), {"sha256": sha256("hello world"),
                                                             "size": 11})
        self.assertEqual(tool.do("head", "s3://lake/x/one")["size"], 11)
        ranges = [(0, 5, "hello"), (6, 100, "world"), (11, 5, ""), (100, 1, ""), (3, 0, "")]
        for offset, length, expected in ranges:
            with self.subTest(offset=offset, length=length):
                answer = tool.do("range", "s3://lake/x/one", offset=offset, length=length)
                self.assertEqual(answer, {"sha256": sha256(expected), "size": len(expected)})
        self.assertEqual(tool.fails("get", "s3://lake/x/one", max=10)["kind"], "fatal")
        tool.do("delete", "s3://lake/x/one")
        tool.do("delete", "s3://lake/x/one")
        for op in ("get", "head"):
            self.assertEqual(tool.fails(op, "s3://lake/x/one")["code"], "not_found")

    def test_empty_and_large_objects(self):
        tool = self.tool()
        tool.do("put", "s3://lake/x/empty", text="")
        self.assertEqual(tool.do("get", "s3://lake/x/empty")["size"], 0)
        tool.do("put", "s3://lake/x/large", size=20 << 20)
        large = self.content("x/large")
        self.assertEqual(tool.do("get", "s3://lake/x/large", max=1 << 30),
                         {"sha256": sha256(large), "size": 20 << 20})
        part = tool.do("range", "s3://lake/x/large", offset=12345678, length=1000)
        self.assertEqual(part["sha256"], sha256(large[12345678:12346678]))

    def test_files_are_streamed(self):
        tool = self.tool()
        path = self.store.folder + "/file"
        with open(path, "wb") as file:
            file.write(bytes(range(256)) * 40_000)
        tool.do("put_file", "s3://lake/x/file", **{"from": path})
        with open(path, "rb") as file:
            self.assertEqual(self.content("x/file"), file.read())
        tool.do("put_file", "s3://lake/x/file", **{"from": path})
        with open(path, "r+b") as file:
            file.write(b"x")
        self.assertEqual(tool.fails("put_file", "s3://lake/x/file", **{"from": path})["code"],
                         "already_exists")
        self.assertEqual(tool.fails("put_file", "s3://lake/x/no", **{"from": "/none"})["code"],
                         "not_found")

    def test_odd_names(self):
        tool = self.tool()
        for name in ODD_KEYS:
            with self.subTest(name):
                tool.do("put", "s3://lake/odd/" + name, text=name)
                self.assertEqual(tool.do("get", "s3://lake/odd/" + name)["sha256"], sha256(name))
                self.assertEqual(self.content("odd/" + name).decode(), name)
        listed = sorted(o["path"] for o in tool.do("list", "s3://lake/odd")["objects"])
        self.assertEqual(listed, sorted("s3://lake/odd/" + name for name in ODD_KEYS))

    def test_names_that_stores_disagree_on_never_leave(self):
        tool = self.tool()
        for name in ("a//b", "a/./b", "../b", "a/", "/a", ""):
            with self.subTest(name):
                self.assertEqual(tool.fails("put", "s3://lake/" + name, text="x")["kind"], "fatal")

    def test_never_overwrites(self):
        tool = self.tool()
        tool.do("put", "s3://lake/x/once", text="first")
        tool.do("put", "s3://lake/x/once", text="first")
        for other in ("other", "longer than that"):
            error = tool.fails("put", "s3://lake/x/once", text=other)
            self.assertEqual((error["kind"], error["code"]), ("fatal", "already_exists"))
        self.assertEqual(self.content("x/once"), b"first")

    def test_one_of_many_writers_wins(self):
        tool = self.tool()
        for round_, size in enumerate([1_000] * 4 + [2_000_000]):
            path = f"race/{round_}"
            answer = tool.do("race", "s3://lake/" + path, writers=12, size=size)
            self.assertEqual((answer["winners"], answer["losers"]), (1, 11))
            self.assertEqual(sha256(self.content(path)), answer["sha256"])

    def test_lists_all_pages(self):
        tool = self.tool()
        folder = self.store.folder + "/data/lake/pages"
        names = {f"pages/{n:04}" for n in range(1_203)}
        if isinstance(self.store, s3.Versity):  # its objects are files; MinIO's are not
            os.makedirs(folder)
            for name in names:
                with open(f"{folder}/{name[6:]}", "w", encoding="utf-8") as file:
                    file.write("1234")
        else:
            names = {f"pages/{n:04}" for n in range(20)}
            for name in names:
                tool.do("put", "s3://lake/" + name, text="1234")
        listed = tool.do("list", "s3://lake/pages")["objects"]
        self.assertEqual({o["path"][10:] for o in listed}, names)
        self.assertEqual({o["size"] for o in listed}, {4})
        self.assertTrue(all(abs(o["modified"] / 1000 - time.time()) < 300 for o in listed))
        self.assertEqual(tool.do("list", "s3://lake/page")["objects"], [])

    def test_bytes_that_changed_on_the_way_never_become_an_object(self):
        relay = self.relay(s3.times(2, "PUT", s3.damaged, "damaged"))
        self.tool(relay.endpoint).do("put", "s3://lake/x/damaged", text="whole")
        self.assertEqual(self.content("x/damaged"), b"whole")
        self.assertEqual([call.status for call in relay.calls], [400, 400, 200])

    def test_check_is_passed_and_leaves_nothing(self):
        tool = self.tool()
        tool.do("check", "s3://lake")
        tool.do("check", "s3://lake/some/prefix")
        self.assertEqual([key for key in self.store.keys("lake") if "check" in key], [])

    def test_a_missing_bucket_is_named_with_its_cure(self):
        error = self.tool().fails("check", "s3://nobucket")
        self.assertEqual((error["kind"], error["code"]), ("invalid_config", "no_bucket"))
        self.assertIn("`nobucket`", error["message"])
        self.assertIn(f"--endpoint-url {self.store.endpoint} s3 mb s3://nobucket", error["hint"])
        self.assertEqual(self.tool().fails("put", "s3://nobucket/x", text="x")["kind"],
                         "invalid_config")

    def test_wrong_keys_are_told_apart(self):
        for keys, code, cure in [
                ({"id": "nobody", "secret": "x"}, self.unknown_key, "AWS_ACCESS_KEY_ID"),
                ({"id": s3.KEY, "secret": "x"}, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
                ({"id": s3.KEY, "secret": s3.SECRET, "token": "stale-token"}, "InvalidToken",
                 "AWS_SESSION_TOKEN")]:
            with self.subTest(code):
                error = self.tool(keys=keys).fails("check", "s3://lake")
                self.assertEqual(error["kind"], "invalid_config")
                self.assertEqual(error["code"], "store_refused")
                self.assertIn(code, error["message"])
                self.assertIn(cure, error["hint"])
                self.assertNotIn("stale-token", str(error))


class VersityTest(EveryStore, StoreCase):
    server = s3.Versity
    unknown_key = "XAdminUserNotFound"

    def test_stays_in_its_root(self):
        tool = self.tool(root="s3://lake/prefix")
        tool.do("put", "s3://lake/prefix/x", text="1")
        for path in ("s3://lake/x", "s3://lake/prefixed/x", "s3://other/prefix/x", "file:///x"):
            self.assertEqual(tool.fails("get", path)["kind"], "fatal")
        for path in ("s3://lake", "s3://other"):
            self.assertEqual(tool.fails("list", path)["kind"], "fatal")

    def test_buckets_in_the_host_name(self):
        """`lake.localhost` is this machine, and versitygw takes the bucket from it."""
        server = s3.Versity(options=("--virtual-domain", "localhost"))
        self.addCleanup(server.close)
        server.make_buckets("lake")
        tool = self.tool(f"http://localhost:{server.port}", path_style=False)
        tool.do("put", "s3://lake/a b/x", text="hello")
        self.assertEqual(tool.do("get", "s3://lake/a b/x")["sha256"], sha256("hello"))
        self.assertEqual(len(tool.do("list", "s3://lake")["objects"]), 1)
        self.assertEqual(server.read("lake/a b/x"), b"hello")


class MinioTest(EveryStore, StoreCase):
    server = s3.Minio

    def test_keys_for_a_session(self):
        keys = self.store.session()
        tool = self.tool(keys=keys)
        tool.do("put", "s3://lake/session", text="mine")
        self.assertEqual(tool.do("get", "s3://lake/session")["sha256"], sha256("mine"))
        error = self.tool(keys={**keys, "token": ""}).fails("get", "s3://lake/session")
        self.assertEqual(error["code"], "store_refused")


if __name__ == "__main__":
    unittest.main()
