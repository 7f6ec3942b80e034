"""docker-compose.yml: loaded as Docker Compose loads it, and held against what we promise of it."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / ".deps/bin/compose_check"
COMPOSE = ROOT / "docker-compose.yml"
ONE_SHOTS = {"buckets", "produce", "bundle", "dashboards"}
OURS = ("sluice", "produce", "bundle")


def variables():
    """Returns .env.example with a value for each of its names."""
    names = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M)
    return {name: f"value-of-{name.lower().replace('_', '-')}" for name in names}


def load(text=None, env=None):
    """Returns the exit code, the project and the complaint."""
    file = COMPOSE
    if text is not None:
        file = ROOT / f".compose-test-{os.getpid()}.yml"
        file.write_text(text, encoding="utf-8")
    try:
        done = subprocess.run([CHECK, file], capture_output=True, text=True, check=False,
                              env={"PATH": os.environ["PATH"], **(variables() if env is None
                                                                  else env)})
    finally:
        if text is not None:
            file.unlink()
    project = json.loads(done.stdout) if done.returncode == 0 else None
    return done.returncode, project, done.stderr


class ComposeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        code, cls.project, complaint = load()
        assert code == 0, complaint
        cls.services = cls.project["services"]

    def each(self, check):
        for name, service in self.services.items():
            with self.subTest(service=name):
                check(name, service)

    def test_has_what_a_pipeline_needs(self):
        self.assertLessEqual({"kafka", "s3", "buckets", "postgres", "sluice", "produce",
                              "prometheus"}, set(self.services))
        profiles = {name: service.get("profiles", []) for name, service in self.services.items()}
        self.assertEqual(profiles["prometheus"], ["obs"])
        self.assertEqual({name for name, of in profiles.items() if of == ["bi"]},
                         {"superset", "bundle", "dashboards"})
        self.assertEqual(sorted(name for name, of in profiles.items() if not of),
                         ["buckets", "kafka", "postgres", "produce", "s3", "sluice"])

    def test_every_service_tells_its_health_and_one_shots_end(self):
        def check(name, service):
            if name in ONE_SHOTS:
                self.assertEqual(service.get("restart", "no"), "no")
            else:
                self.assertTrue(service["healthcheck"].get("test"), "no healthcheck")
                self.assertEqual(service["restart"], "unless-stopped")
        self.each(check)

    def test_nobody_starts_before_what_he_needs(self):
        def check(name, service):
            for other, how in service.get("depends_on", {}).items():
                wanted = ("service_completed_successfully" if other in ONE_SHOTS
                          else "service_healthy")
                self.assertEqual(how["condition"], wanted, f"{name} on {other}")
        self.each(check)
        self.assertEqual(set(self.services["sluice"]["depends_on"]),
                         {"kafka", "postgres", "buckets", "produce"})

    def test_versions_are_pinned(self):
        def check(_, service):
            image = service["image"]
            self.assertRegex(image, r"^[\w./-]+:[v\d][\w.-]*\d[\w.-]*$")
            self.assertNotRegex(image, r":(latest|main|edge|nightly)")
        self.each(check)

    def test_ports_are_this_machines_only(self):
        def check(_, service):
            for port in service.get("ports", []):
                self.assertEqual(port.get("host_ip"), "127.0.0.1")
        self.each(check)
        published = [port["published"] for service in self.services.values()
                     for port in service.get("ports", [])]
        self.assertEqual(len(published), len(set(published)))

    def test_nobody_is_root_or_may_become_it(self):
        def check(_, service):
            self.assertNotIn(service.get("user", ""), ("", "root", "0", "0:0"))
            self.assertEqual(service["cap_drop"], ["ALL"])
            self.assertNotIn("cap_add", service)
            self.assertNotIn("privileged", service)
            self.assertIn("no-new-privileges:true", service["security_opt"])
            self.assertNotIn("network_mode", service)
        self.each(check)

    def test_sluice_writes_into_memory_only(self):
        for name in OURS:
            service = self.services[name]
            self.assertTrue(service["read_only"])
            self.assertIn("/pipeline/.sluice", [t.split(":")[0] for t in service["tmpfs"]])

    def test_sluice_has_the_variables_that_its_pipeline_file_names(self):
        text = (ROOT / "examples/books/sluice.yml").read_text(encoding="utf-8")
        wanted = set(re.findall(r"\$\{(\w+)", text))
        self.assertEqual(wanted, {"KAFKA_BROKERS", "LAKE", "DATABASE_URL"})
        for name in OURS:
            given = self.services[name]["environment"]
            self.assertLessEqual(wanted | {"S3_ENDPOINT", "AWS_ACCESS_KEY_ID",
                                           "AWS_SECRET_ACCESS_KEY"}, set(given))
            self.assertEqual(given["KAFKA_BROKERS"], "kafka:9092")

    def test_addresses_name_services(self):
        def check(name, service):
            for key, value in service.get("environment", {}).items():
                for host in re.findall(r"(?:://|@)([a-z][\w-]*)(?::\d+)", value or ""):
                    self.assertIn(host, {*self.services, "localhost"}, f"{name}: {key}")
        self.each(check)

    def test_a_bucket_is_made_for_each_namespace_of_the_lake(self):
        pipeline = yaml.safe_load((ROOT / "examples/books/sluice.yml").read_text(encoding="utf-8"))
        namespaces = {table.split(".")[0] for part in ("bronze", "silver")
                      for table in pipeline[part]}
        self.assertEqual(set(self.services["buckets"]["command"]), namespaces)

    def test_files_that_are_mounted_exist(self):
        def check(_, service):
            for volume in service.get("volumes", []):
                if volume["type"] == "bind":
                    self.assertTrue(Path(volume["source"]).exists(), volume["source"])
                    self.assertTrue(volume.get("read_only"), volume["source"])
            if "build" in service:
                build = service["build"]
                file = Path(build["context"], build.get("dockerfile", "Dockerfile"))
                self.assertTrue(file.exists(), file)
        self.each(check)

    def test_no_secret_has_a_default(self):
        for name in variables():
            if name == "S3_ACCESS_KEY":  # a name, not a secret
                continue
            code, _, complaint = load(env={k: v for k, v in variables().items() if k != name})
            self.assertEqual(code, 1, name)
            self.assertIn(name, complaint)
        example = (ROOT / ".env.example").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r"^\w*(?:SECRET|PASSWORD|TOKEN)\w*=(.+)$", example, re.M), [])

    def test_the_env_file_has_just_the_names_that_are_used(self):
        used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text(encoding="utf-8")))
        self.assertEqual(used, set(variables()))


class SeededErrorTest(unittest.TestCase):
    """Each change breaks the file, and the loader says so."""

    def broken(self, before, after, complaint):
        text = COMPOSE.read_text(encoding="utf-8")
        self.assertIn(before, text)
        code, _, said = load(text.replace(before, after, 1))
        self.assertEqual(code, 1, said)
        self.assertRegex(said, complaint)

    def test_an_unknown_key(self):
        self.broken("    stop_grace_period:", "    stop_grace:", "stop_grace")

    def test_a_dependency_on_nobody(self):
        self.broken("      buckets: {condition", "      bucket: {condition", "bucket")

    def test_an_unknown_condition(self):
        self.broken("kafka: {condition: service_healthy}", "kafka: {condition: healthy}",
                    "condition")

    def test_a_port_that_is_none(self):
        self.broken("127.0.0.1:8080:8080", "127.0.0.1:8080:http", "port|http")

    def test_a_volume_that_is_not_declared(self):
        self.broken('["s3:/data"]', '["s4:/data"]', "s4")

    def test_a_duration_without_a_unit(self):
        self.broken("stop_grace_period: 60s", "stop_grace_period: 60sec", "60sec|duration|sec")

    def test_a_merge_with_nobody(self):
        self.broken("<<: *sluice", "<<: *slice", "slice")

    def test_a_wrong_type(self):
        self.broken("read_only: true", "read_only: [1]", "read_only")


if __name__ == "__main__":
    unittest.main()
