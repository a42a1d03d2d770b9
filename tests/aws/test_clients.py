"""Clients use one botocore session and the environment's settings."""

from __future__ import annotations

import subprocess
import sys

import pytest
from botocore.config import Config

from sesmail_layer.aws.clients import client, limits_of, session
from tests.aws.conftest import REGION


@pytest.fixture(autouse=True)
def new_session() -> None:
    session.cache_clear()


def test_a_client_has_the_environments_region_and_the_given_config() -> None:
    ses = client("ses", config=Config(read_timeout=7, retries={"total_max_attempts": 1}))
    assert (ses.meta.service_model.service_name, ses.meta.region_name) == ("ses", REGION)
    assert (ses.meta.config.read_timeout, ses.meta.config.retries["total_max_attempts"]) == (7, 1)


def test_an_endpoint_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    assert client("sqs").meta.endpoint_url == "http://localhost:4566"


def test_all_clients_share_one_session() -> None:
    assert session() is session()


def test_boto3_is_not_imported() -> None:
    code = "import sys; from sesmail_layer.aws.clients import client; client('s3'); assert 'boto3' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("service", "calls"),
    [
        ("dynamodb", {5: (2, 1), 14: (2, 1), 15: (2, 2), 60: (2, 2)}),
        ("events", {5: (2, 1), 14: (2, 1), 15: (2, 2), 60: (2, 2)}),
        ("sqs", {5: (2, 1), 10: (2, 2), 15: (2, 3), 60: (2, 3)}),
        ("s3", {10: (4, 1), 20: (5, 1), 30: (5, 2), 60: (5, 2)}),
        ("ses", {10: (3, 1), 60: (3, 1)}),
    ],
)
def test_a_short_function_asks_a_silent_service_less_often(service: str, calls: dict[int, tuple[float, int]]) -> None:
    for seconds, (read_seconds, attempts) in calls.items():
        config = client(service, seconds).meta.config
        assert (config.read_timeout, config.retries["total_max_attempts"]) == (read_seconds, attempts), seconds
        assert limits_of(service, seconds).call_seconds <= 0.6 * seconds
