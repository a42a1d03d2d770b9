"""What AWS refuses, and what is wrong with a name: one sentence, no traceback, an exit code for scripts."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)

from sesmail_cli.operator.failures import exit_code_of, sentence
from tests.cli.conftest import ADA, Engine, sesmail
from tests.cli.ses_v2 import SesV2

COMMANDS = [
    ("status",),
    ("pause",),
    ("resume",),
    ("explain", "order-1"),
    ("redrive", "EmailQueue"),
    ("erase", ADA),
    ("suppression", "list"),
    ("suppression", "show", ADA),
    ("suppression", "add", ADA),
    ("suppression", "remove", ADA),
]
commands = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@commands
def test_an_engine_that_is_not_there_is_a_wrong_name(engine: Engine, command: tuple[str, ...]) -> None:
    result = sesmail(*command, "--name", "nowhere")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "There is no engine 'nowhere' in this account and region" in result.stderr
    assert "check --name, --region and --profile" in result.stderr
    assert "Traceback" not in result.stderr


@commands
def test_an_endpoint_that_is_down_is_aws_s_failure(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    # Port 9 is `discard`: nobody listens.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)

    result = sesmail(*command, "--region", "eu-west-1")

    assert result.exit_code == 3
    assert result.stdout == ""
    assert "AWS cannot be reached: check the network, --region and AWS_ENDPOINT_URL." in result.stderr


@commands
def test_a_profile_that_is_not_there_is_named(engine: Engine, command: tuple[str, ...]) -> None:
    result = sesmail(*command, "--profile", "nobody")

    assert result.exit_code == 2
    assert "nobody" in result.stderr
    assert "`aws configure list-profiles`" in result.stderr


def test_a_missing_region_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    result = sesmail("status")

    assert result.exit_code == 2
    assert "name one with --region" in result.stderr


def test_the_name_may_come_from_the_environment(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESMAIL_NAME", "other")

    assert "There is no engine 'other'" in sesmail("status").stderr


def test_a_denied_right_is_named(engine: Engine, ses_v2: SesV2) -> None:
    ses_v2.suppressed[ADA] = "BOUNCE"
    ses_v2.denies = frozenset({"DELETE"})

    result = sesmail("suppression", "remove", ADA, "--ses")

    assert result.exit_code == 3
    assert "AWS denied DeleteSuppressedDestination: give your role this right" in result.stderr
    assert "User is not authorized to perform this" in result.stderr


@pytest.mark.parametrize("queue", ["Nowhere", "sesmailengine-", "EmailQueueDL"])
def test_a_queue_that_is_not_there_lists_those_that_are(engine: Engine, queue: str) -> None:
    result = sesmail("redrive", queue)

    assert result.exit_code == 2
    assert "name one of EmailQueue, BulkQueue, RetryQueue, FeedbackQueue, EventBridgeDLQ" in result.stderr


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "GetItem")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (answered("AccessDeniedException"), "AWS denied GetItem"),
        (answered("ExpiredTokenException"), "log in again"),
        (answered("UnrecognizedClientException"), "does not accept your credentials"),
        (answered("ThrottlingException"), "run the command again"),
        (answered("ProvisionedThroughputExceededException"), "AWS throttled GetItem"),
        (answered("InternalServerError"), "AWS answered GetItem with InternalServerError: said AWS"),
        (EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached"),
        (ReadTimeoutError(endpoint_url="https://x"), "AWS cannot be reached"),
        (NoCredentialsError(), "No AWS credentials were found"),
        (UnauthorizedSSOTokenError(), "AWS could not be asked (UnauthorizedSSOTokenError)"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_failure_of_aws_says_what_to_do(failure: BotoCoreError | ClientError, words: str) -> None:
    assert words in sentence(failure, "sesmailengine")
    assert exit_code_of(failure) == 3
