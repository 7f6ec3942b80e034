"""The Kubernetes manifests: valid by the API's own schemas, and as careful as we promise."""

import copy
import re
import unittest
from pathlib import Path

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "packaging/kubernetes/sluice.yaml"
VERSIONS = ("1.30", "1.33")


def documents():
    return list(yaml.safe_load_all(FILE.read_text(encoding="utf-8")))


def named(kind):
    return next(document for document in documents() if document["kind"] == kind)


class KubernetesTest(unittest.TestCase):
    def setUp(self):
        self.deployment = named("Deployment")
        self.pod = self.deployment["spec"]["template"]["spec"]
        self.container = self.pod["containers"][0]

    def test_every_document_is_valid(self):
        self.assertEqual({document["kind"] for document in documents()},
                         {"ConfigMap", "Service", "Deployment"})
        for version in VERSIONS:
            for document in documents():
                kubernetes_validate.validate(document, version, strict=True)

    def refused(self, change):
        broken = copy.deepcopy(self.deployment)
        change(broken["spec"]["template"]["spec"])
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)

    def test_seeded_errors_are_found(self):
        self.refused(lambda pod: pod.update(restartpolicy="Always"))
        self.refused(lambda pod: pod["containers"][0].pop("name"))
        self.refused(lambda pod: pod["containers"][0].update(ports=[{"containerPort": "http"}]))
        self.refused(lambda pod: pod["containers"][0]["readinessProbe"].update(httpGet="/readyz"))
        self.refused(lambda pod: pod.update(terminationGracePeriodSeconds="90s"))

    def test_probes_ask_what_is_served(self):
        served = re.findall(r'\{"(/[\w/.]*)", (?:true|false)',
                            (ROOT / "src/serve/status_service.cc").read_text(encoding="utf-8"))
        paths = {name: self.container[name]["httpGet"]["path"]
                 for name in ("startupProbe", "livenessProbe", "readinessProbe")}
        self.assertLessEqual(set(paths.values()), set(served))
        self.assertEqual(paths["livenessProbe"], "/livez")
        self.assertEqual(paths["readinessProbe"], "/readyz")
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        listens = {item["name"]: item.get("value") for item in self.container["env"]}["SLUICE_HTTP"]
        self.assertEqual(listens, f"0.0.0.0:{ports['http']}")

    def test_a_container_that_is_broken_into_can_do_little(self):
        security = self.container["securityContext"]
        self.assertFalse(security["allowPrivilegeEscalation"])
        self.assertTrue(security["readOnlyRootFilesystem"])
        self.assertEqual(security["capabilities"]["drop"], ["ALL"])
        self.assertTrue(self.pod["securityContext"]["runAsNonRoot"])
        self.assertEqual(self.pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
        self.assertFalse(self.pod["automountServiceAccountToken"])
        self.assertIn("memory", self.container["resources"]["limits"])

    def test_secrets_are_files_that_are_mounted(self):
        self.assertNotIn("Secret", {document["kind"] for document in documents()})
        mounts = [mount["mountPath"] for mount in self.container["volumeMounts"]]
        files = {item["name"]: item["value"] for item in self.container["env"]
                 if item["name"].endswith("_FILE")}
        self.assertLessEqual({"DATABASE_URL_FILE", "AWS_SECRET_ACCESS_KEY_FILE",
                              "SLUICE_HTTP_TOKEN_FILE"}, set(files))
        for path in files.values():
            self.assertIn(path.rsplit("/", 1)[0], mounts)
            self.assertIn(f"--from-literal={path.rsplit('/', 1)[1]}=", FILE.read_text())
        secret = next(v for v in self.pod["volumes"] if v["name"] == "secrets")["secret"]
        self.assertEqual(secret["defaultMode"], 0o440, "files of root for our group alone")
        plain = {**named("ConfigMap")["data"],
                 **{i["name"]: i.get("value", "") for i in self.container["env"]}}
        for name in plain:
            if not name.endswith("_FILE"):
                self.assertNotRegex(name, "PASSWORD|SECRET|TOKEN|KEY_ID|DATABASE_URL")

    def test_the_pipeline_file_finds_its_variables(self):
        text = (ROOT / "examples/books/sluice.yml").read_text(encoding="utf-8")
        wanted = set(re.findall(r"\$\{(\w+)", text))
        given = {*named("ConfigMap")["data"],
                 *(item["name"].removesuffix("_FILE") for item in self.container["env"])}
        self.assertLessEqual(wanted, given)

    def test_selectors_meet(self):
        labels = self.deployment["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(self.deployment["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(named("Service")["spec"]["selector"], labels)
        config = self.container["envFrom"][0]["configMapRef"]["name"]
        self.assertEqual(config, named("ConfigMap")["metadata"]["name"])

    def test_the_image_is_composes(self):
        compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
        self.assertEqual(self.container["image"], compose["x-sluice"]["image"])


if __name__ == "__main__":
    unittest.main()
