"""The HTTP side of a run, asked by what really asks: curl-like clients, promtool, Prometheus, a
browser."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from postgres import Postgres  # noqa: E402
from project import Project, wait_until  # noqa: E402

CSV = "data/best-selling-books.csv"
TOKEN = "0123456789abcdef-token"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_of(process):
    """Returns the port of a run's page, which its log names; nothing while it does not."""
    found = re.search(r"status page at http://\S+:(\d+)/", process.log.read_text())
    return int(found[1]) if found else None


def listening(process):
    wait_until(lambda: port_of(process) or process.poll() is not None)
    return port_of(process)


def ask(port, path, method="GET", **headers):
    """Returns status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def status(port):
    return json.loads(ask(port, "/api/v1/status")[2])


class RunningTest(unittest.TestCase):
    """One run that has taken the books."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.project = Project("books", DATABASE_URL=cls.postgres.conninfo)
        cls.project.broker(partitions=2)
        cls.run_process = cls.project.start("run", "--http", "127.0.0.1:0")
        cls.port = listening(cls.run_process)
        assert cls.port, cls.run_process.log.read_text()
        cls.project.ok("produce", CSV)
        wait_until(lambda: status(cls.port)["records"]["ok"] == 174, 60)
        wait_until(lambda: (status(cls.port)["gold"]["last"] or {}).get("ok"), 90)

    @classmethod
    def tearDownClass(cls):
        cls.project.close()
        cls.postgres.close()

    def test_says_that_it_is_ready(self):
        for path in ("/livez", "/readyz"):
            code, headers, body = ask(self.port, path)
            self.assertEqual((code, json.loads(body)), (200, {"ok": True, "pipeline": "books"}))
            self.assertEqual(headers["Content-Type"], "application/json")

    def test_status_agrees_with_the_ledger(self):
        wait_until(lambda: all(p["lag"]["warehouse"] == 0 for p in status(self.port)["partitions"]))
        now = status(self.port)
        ledger = self.project.json("status")
        marks = {p["partition"]: p["next"] for p in ledger["positions"] if p["sink"] == "warehouse"}
        self.assertEqual({p["partition"]: p["next"]["warehouse"] for p in now["partitions"]}, marks)
        self.assertEqual(sum(marks.values()), 174)
        self.assertEqual(now["phase"], "running")
        self.assertEqual(now["tables"], {"bronze": "raw.books", "silver": ["processed.books"],
                                         "warehouse": ["public.books_silver"],
                                         "gold": "books_analytics"})
        self.assertEqual(now["gold"]["last"]["models"], 3)
        self.assertEqual(len(now["workers"]), 1)

    def test_promtool_takes_the_metrics(self):
        text = ask(self.port, "/metrics")[2]
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                 capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))
        broken = subprocess.run(["promtool", "check", "metrics"], input=text + "sluice_ready{ 1\n",
                                text=True, capture_output=True, check=False)
        self.assertNotEqual(broken.returncode, 0)

    def test_prometheus_scrapes_them(self):
        folder = Path(tempfile.mkdtemp(prefix="sluice-prometheus-"))
        self.addCleanup(shutil.rmtree, folder)
        config = {"global": {"scrape_interval": "1s"},
                  "scrape_configs": [{"job_name": "sluice", "static_configs":
                                      [{"targets": [f"127.0.0.1:{self.port}"]}]}]}
        (folder / "prometheus.yml").write_text(json.dumps(config))
        port = free_port()
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml",
                 f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"],
                stderr=log, stdout=log)
        self.addCleanup(server.wait, 20)
        self.addCleanup(server.terminate)

        def value(query):
            try:
                url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    found = json.load(answer)["data"]["result"]
            except OSError:
                return None
            return found[0]["value"][1] if found else None

        wait_until(lambda: value("up") == "1", 30)
        self.assertEqual(value("sum(sluice_records_total)"), "174")
        self.assertEqual(value("sluice_ready"), "1")
        self.assertEqual(value("max(sluice_gold_last_build_ok)"), "1")
        age = float(value("time()-sluice_last_commit_timestamp_seconds%7Bsink=%22warehouse%22%7D"))
        self.assertTrue(0 <= age < 300, age)

    def test_answers_its_own_names_and_reads_only(self):
        self.assertEqual(ask(self.port, "/livez", Host="evil.example")[0], 421)
        self.assertEqual(ask(self.port, "/livez", Host=f"localhost:{self.port}")[0], 200)
        self.assertEqual(ask(self.port, "/", "POST")[0], 405)
        self.assertEqual(ask(self.port, "/etc/passwd")[0], 404)
        code, headers, body = ask(self.port, "/", "HEAD")
        self.assertEqual((code, body), (200, ""))
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])

    def test_health_from_the_command_line(self):
        address = f"127.0.0.1:{self.port}"
        self.assertEqual(self.project.ok("status", "--health", "--http", address), "ready\n")
        self.project.env["SLUICE_HTTP"] = f"0.0.0.0:{self.port}"  # as in a container
        self.addCleanup(self.project.env.pop, "SLUICE_HTTP")
        self.assertTrue(self.project.json("status", "--health")["ok"])
        other = Project(pipeline=(self.project.folder / "sluice.yml").read_text()
                        .replace("pipeline: books", "pipeline: films").split("gold:")[0])
        self.addCleanup(other.close)
        done = other.sluice("status", "--health", "--http", address)
        self.assertEqual(done.returncode, 69)
        self.assertIn("not a run of pipeline `films`", done.stderr)
        done = other.sluice("status", "--health", "--http", f"127.0.0.1:{free_port()}")
        self.assertEqual(done.returncode, 69)
        self.assertIn("no answer", done.stderr)

    def test_a_browser_shows_the_numbers(self):
        browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        self.assertIsNotNone(browser, "scripts/deps installs one")
        home = tempfile.mkdtemp(prefix="sluice-browser-")
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}",
             "--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom",
             f"http://127.0.0.1:{self.port}/"],
            capture_output=True, text=True, timeout=120, check=False)
        self.assertIn('<h1 id="pipeline">books</h1>', done.stdout)
        self.assertIn("sensor_stream", done.stdout)
        self.assertIn("all tests pass", done.stdout)
        self.assertRegex(done.stdout, r"<b[^>]*>174</b><span[^>]*>read</span>")
        said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        self.assertEqual(said, [], "no error of the script, nothing that the policy forbids")


class StartTest(unittest.TestCase):
    def setUp(self):
        self.project = Project("books", DATABASE_URL="host=127.0.0.1 port=1 user=nobody dbname=x",
                               KAFKA_BROKERS="127.0.0.1:1")
        self.addCleanup(self.project.close)

    def start(self, *args):
        return self.project.start("run", *args)

    def test_who_waits_is_alive_and_says_for_whom(self):
        process = self.start("--http", "127.0.0.1:0", "--wait", "60")
        port = listening(process)
        wait_until(lambda: "PostgreSQL" in ask(port, "/readyz")[2])
        code, _, body = ask(port, "/readyz")
        self.assertEqual(code, 503)
        self.assertEqual(json.loads(body)["reasons"][0]["code"], "waiting")
        self.assertEqual(ask(port, "/livez")[0], 200)
        self.assertEqual(status(port)["phase"], "starting")
        done = self.project.sluice("status", "--health", "--http", f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("waiting for PostgreSQL", done.stdout)
        checked = subprocess.run(["promtool", "check", "metrics"], text=True, capture_output=True,
                                 input=ask(port, "/metrics")[2], check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)

    def test_a_port_that_was_named_and_is_taken_ends_the_run(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = f"127.0.0.1:{other.getsockname()[1]}"
            done = self.project.sluice("run", "--http", taken)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"another program listens on {taken}", done.stderr)
        self.assertIn("--http", done.stderr)

    def test_the_default_port_may_be_taken(self):
        with socket.socket() as other:
            try:
                other.bind(("127.0.0.1", 8080))
                other.listen()
            except OSError:
                pass  # somebody else has it: just as well
            process = self.start("--wait", "60")
            wait_until(lambda: "no status page" in process.log.read_text())
            self.assertIn("127.0.0.1:8080", process.log.read_text())
            wait_until(lambda: "waiting for PostgreSQL" in process.log.read_text())
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)

    def test_it_may_be_off(self):
        process = self.start("--http", "off", "--wait", "60")
        wait_until(lambda: "waiting for PostgreSQL" in process.log.read_text())
        self.assertNotIn("status page", process.log.read_text())
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)

    def test_beyond_loopback_the_page_wants_a_token(self):
        # Loopback in the clothes of IPv6: counts as an address that others reach.
        self.project.env["SLUICE_HTTP"] = "[::ffff:127.0.0.1]:0"
        first = self.start("--wait", "60")
        port = listening(first)
        self.assertIn("SLUICE_HTTP_TOKEN", first.log.read_text())
        self.assertEqual([ask(port, path)[0] for path in ("/", "/api/v1/status", "/livez")],
                         [403, 403, 200])
        first.send_signal(signal.SIGTERM)
        first.wait(timeout=20)
        self.project.env["SLUICE_HTTP_TOKEN"] = TOKEN
        second = self.start("--wait", "60")
        port = listening(second)
        self.assertEqual(ask(port, "/")[0], 401)
        self.assertEqual(ask(port, "/", Authorization=f"Bearer {TOKEN}")[0], 200)
        self.assertEqual(ask(port, "/", Authorization="Bearer wrong")[0], 401)
        self.assertNotIn(TOKEN, second.log.read_text())
        second.send_signal(signal.SIGTERM)
        second.wait(timeout=20)

    def test_an_address_that_is_none_is_a_usage_error(self):
        for address, word in [("8080", "port"), ("localhost:http", "port"),
                              ("example.org:80", "IP"), ("127.0.0.1:70000", "65535")]:
            done = self.project.sluice("run", "--http", address)
            self.assertEqual(done.returncode, 64, address)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
