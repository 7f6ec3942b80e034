"""SASL over TLS: each mechanism works, and each mistake is told as what it is."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from case import Case, shared, thing  # noqa: E402


def options(mechanism="SCRAM-SHA-512", **other):
    return {"security.protocol": "SASL_SSL", "sasl.mechanism": mechanism,
            "sasl.username": "${KAFKA_USERNAME}", "sasl.password": "${KAFKA_PASSWORD}",
            "ssl.ca.location": "${KAFKA_CA_FILE}", **other}


def secure(chosen=None, **variables):
    stack = shared("kafka", "postgres")
    brokers = {"KAFKA_BROKERS": stack.kafka.tls_address, **variables}
    return Case(stack.topic(), chosen or options(), **brokers)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_each_mechanism_writes_and_reads(mechanism):
    with secure(options(mechanism)) as case:
        case.project.write("a.csv", "id,name\n1,a\n2,b\n")
        case.project.ok("produce", "a.csv", "--acks", case.acks)
        case.once()
        case.check()
        assert case.count() == 2


def refused(case, *words):
    """Every verb that talks to the broker says why, soon, and none hangs or reads anything."""
    case.project.write("a.csv", "id,name\n1,a\n")
    for verb in (["run", "--once"], ["run"], ["produce", "a.csv"]):
        text = case.fails(78, *verb, timeout=40)
        for word in words:
            assert word in text, text
    findings = case.project.sluice("doctor").stdout
    assert "FAIL  Kafka" in findings and words[0] in findings, findings
    assert case.count() == 0


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password(mechanism):
    with secure(options(mechanism), KAFKA_PASSWORD="not-the-password") as case:
        refused(case, "refuses us", "sasl.password", "sasl_refused")


def test_another_ca():
    stack = shared("kafka", "postgres")
    other = str(stack.kafka.folder / "tls/other-ca.pem")
    with secure(KAFKA_CA_FILE=other) as case:
        refused(case, "certificate verify failed", "ssl.ca.location", "tls_refused")


def test_another_host():
    # The certificate is for `localhost`.
    stack = shared("kafka", "postgres")
    with secure(KAFKA_BROKERS=f"127.0.0.1:{stack.kafka.settings['tls_port']}") as case:
        refused(case, "certificate", "tls_refused")


def test_tls_to_a_plain_listener_and_plain_to_tls():
    stack = shared("kafka", "postgres")
    with secure(KAFKA_BROKERS=stack.kafka.address) as case:
        text = case.fails(69, "run", "--once", "--wait", "4")
        # The library says the second when the broker hangs up before it has read the answer.
        told = "PLAINTEXT broker" in text or "SSL connection closed" in text
        assert told and "waiting for Kafka" in text and "security.protocol" in text, text
    with secure({"client.id": "plain"}) as case:
        text = case.fails(69, "run", "--once", "--wait", "2")
        assert "broker_away" in text and "security.protocol" in text, text
