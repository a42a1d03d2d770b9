"""The compose file that `BACKEND=localstack` starts."""

from __future__ import annotations

from typing import Any

import yaml

from localcloud.paths import REPOSITORY


def service() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]["localstack"]
    return found


def test_the_image_is_the_last_that_asks_for_no_token() -> None:
    assert service()["image"] == "localstack/localstack:4.14.0"


def test_lambda_gets_the_docker_socket() -> None:
    assert "/var/run/docker.sock:/var/run/docker.sock" in service()["volumes"]


def test_it_listens_on_this_machine_only() -> None:
    assert service()["ports"] == ["127.0.0.1:${LOCALSTACK_PORT:-4566}:4566"]


def test_every_service_of_the_stack_is_started() -> None:
    used = {"cloudwatch", "dynamodb", "events", "iam", "kms", "lambda", "logs", "s3", "ses", "sns", "sqs", "sts"}
    assert set(service()["environment"]["SERVICES"].split(",")) == used
