"""Errors of AWS and wrong names: one sentence, no traceback, an exit code for scripts."""

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

from sesmail_cli.operator.failures import describe_failure, exit_code_of
from tests.cli.conftest import ADA, MotoEngine, sesmail
from tests.cli.ses_v2 import SesV2

COMMANDS = [
    ("status",),
    ("pause", "--all"),
    ("resume", "--all"),
    ("cancel", "order-1", "--yes"),
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
def test_an_unknown_engine_is_a_usage_error(engine: MotoEngine, command: tuple[str, ...]) -> None:
    result = sesmail(*command, "--name", "nowhere")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "There is no engine 'nowhere' in this account and region" in result.stderr
    assert "check --name, --region and --profile" in result.stderr
    assert "Traceback" not in result.stderr


@commands
def test_an_unreachable_endpoint_is_a_failure_of_aws(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    # Port 9 is `discard`: nothing listens there.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)

    result = sesmail(*command, "--region", "eu-west-1")

    assert result.exit_code == 3
    assert result.stdout == ""
    assert "AWS cannot be reached: check the network, --region and AWS_ENDPOINT_URL." in result.stderr


@commands
def test_an_unknown_profile_is_named(engine: MotoEngine, command: tuple[str, ...]) -> None:
    result = sesmail(*command, "--profile", "unknown")

    assert result.exit_code == 2
    assert "unknown" in result.stderr
    assert "`aws configure list-profiles`" in result.stderr


def test_a_missing_region_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    result = sesmail("status")

    assert result.exit_code == 2
    assert "give --region" in result.stderr


def test_the_name_is_read_from_the_environment(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESMAIL_NAME", "other")

    assert "There is no engine 'other'" in sesmail("status").stderr


def test_a_denied_action_is_named(engine: MotoEngine, ses_v2: SesV2) -> None:
    ses_v2.suppressed[ADA] = "BOUNCE"
    ses_v2.denies = frozenset({"DELETE"})

    result = sesmail("suppression", "remove", ADA, "--ses", "--yes")

    assert result.exit_code == 3
    assert "AWS denied DeleteSuppressedDestination: give your role this right" in result.stderr
    assert "User is not authorized to perform this" in result.stderr


@pytest.mark.parametrize("queue", ["Nowhere", "sesmailengine-", "EmailQueueDL"])
def test_an_unknown_queue_lists_the_known_ones(engine: MotoEngine, queue: str) -> None:
    result = sesmail("redrive", queue)

    assert result.exit_code == 2
    assert (
        "name one of EmailQueue, BulkQueue, RetryQueue, BulkRetryQueue, FeedbackQueue, EventBridgeDLQ" in result.stderr
    )


def rejected(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "AWS's message"}}, "GetItem")


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (rejected("AccessDeniedException"), "AWS denied GetItem"),
        (rejected("ExpiredTokenException"), "log in again"),
        (rejected("UnrecognizedClientException"), "does not accept your credentials"),
        (rejected("ThrottlingException"), "run the command again"),
        (rejected("ProvisionedThroughputExceededException"), "AWS throttled GetItem"),
        (rejected("InternalServerError"), "AWS answered GetItem with InternalServerError: AWS's message"),
        (EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached"),
        (ReadTimeoutError(endpoint_url="https://x"), "AWS cannot be reached"),
        (NoCredentialsError(), "No AWS credentials were found"),
        (UnauthorizedSSOTokenError(), "The request to AWS failed (UnauthorizedSSOTokenError)"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_failure_has_a_sentence_that_says_what_to_do(failure: BotoCoreError | ClientError, text: str) -> None:
    assert text in describe_failure(failure, "sesmailengine")
    assert exit_code_of(failure) == 3
