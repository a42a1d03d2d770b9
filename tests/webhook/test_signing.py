"""Signatures, and the secrets they are made with."""

from __future__ import annotations

import base64
import json
import time

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from mypy_boto3_secretsmanager import SecretsManagerClient
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from sesmail_webhook.signing import CACHE_SECONDS, SecretError, SigningSecrets, signed_headers

# The example of the library's own tests, in each of its languages.
EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
BODY = '{"detail": {"emailId": "é"}}'


@pytest.fixture
def client() -> SecretsManagerClient:
    return boto3.client("secretsmanager")


def create(client: SecretsManagerClient, value: str | None) -> str:
    if value is None:
        return client.create_secret(Name="hook")["ARN"]
    return client.create_secret(Name="hook", SecretString=value)["ARN"]


def verifies(secret: str, headers: dict[str, str], body: str) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def test_the_signature_is_the_one_of_standard_webhooks() -> None:
    body = '{"test": 2432232314}'
    headers = signed_headers([Webhook(EXAMPLE_SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", body, 1614265330.9)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_changed_byte_a_changed_id_and_a_changed_time_do_not_verify() -> None:
    headers = signed_headers([Webhook(NEW)], "id", BODY, time.time())
    assert verifies(NEW, headers, BODY)
    assert not verifies(NEW, headers, BODY.replace("emailId", "emailIe"))
    assert not verifies(NEW, headers | {"webhook-id": "ie"}, BODY)
    assert not verifies(NEW, headers | {"webhook-timestamp": str(int(time.time()) - 1)}, BODY)
    assert not verifies(OLD, headers, BODY)


def test_after_a_rotation_the_new_and_the_old_secret_verify(client: SecretsManagerClient) -> None:
    arn = create(client, OLD)
    client.put_secret_value(SecretId=arn, SecretString=NEW)
    headers = signed_headers(SigningSecrets(client, arn)(), "id", BODY, time.time())
    assert len(headers["webhook-signature"].split()) == 2
    assert verifies(OLD, headers, BODY)
    assert verifies(NEW, headers, BODY)


def test_after_two_rotations_the_first_secret_does_not_verify(client: SecretsManagerClient) -> None:
    arn = create(client, EXAMPLE_SECRET)
    for secret in (OLD, NEW):
        client.put_secret_value(SecretId=arn, SecretString=secret)
    headers = signed_headers(SigningSecrets(client, arn)(), "id", BODY, time.time())
    assert not verifies(EXAMPLE_SECRET, headers, BODY)


def test_secrets_are_read_again_after_five_minutes(client: SecretsManagerClient) -> None:
    now = 0.0
    arn = create(client, OLD)
    secrets = SigningSecrets(client, arn, lambda: now)
    first = secrets()
    client.put_secret_value(SecretId=arn, SecretString=NEW)
    now = CACHE_SECONDS - 1
    assert secrets() is first
    now = CACHE_SECONDS
    assert verifies(NEW, signed_headers(secrets(), "id", BODY, time.time()), BODY)


def test_a_secret_without_a_value_is_an_error_that_says_what_to_do(client: SecretsManagerClient) -> None:
    arn = create(client, None)
    with pytest.raises(SecretError, match="no value: apply the module again"):
        SigningSecrets(client, arn)()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0123456789abcdef0123456789abcdef",
        "whsec_",
        "whsec_" + base64.b64encode(b"s" * 23).decode(),
        "whsec_" + base64.b64encode(b"s" * 65).decode(),
        "whsec_" + "-" * 32,
    ],
)
def test_a_value_that_is_no_secret_is_an_error_without_the_value(client: SecretsManagerClient, value: str) -> None:
    arn = create(client, value or " ")
    with pytest.raises(SecretError, match="whsec_ and the base64 of 24 to 64 bytes") as raised:
        SigningSecrets(client, arn)()
    assert len(value) < 8 or value not in str(raised.value)


def test_a_previous_value_that_is_no_secret_is_left_out_with_a_warning(
    client: SecretsManagerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as the text with which somebody created the secret by hand, or a slip that was corrected."""
    arn = create(client, "a slip of the pen")
    client.put_secret_value(SecretId=arn, SecretString=NEW)

    [signer] = SigningSecrets(client, arn)()
    assert verifies(NEW, signed_headers([signer], "id", BODY, time.time()), BODY)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["event"]) == ("WARNING", "webhook.previous_secret_left_out")
    assert "slip" not in str(line)


@pytest.mark.parametrize("size", [24, 64])
def test_a_secret_of_the_shortest_and_of_the_longest_length_signs(client: SecretsManagerClient, size: int) -> None:
    arn = create(client, "whsec_" + base64.b64encode(b"s" * size).decode())
    assert len(SigningSecrets(client, arn)()) == 1


def test_a_created_secret_signs_and_is_created_once_for_each_version(client: SecretsManagerClient) -> None:
    arn = create(client, None)
    secrets = SigningSecrets(client, arn)
    secrets.create(1)
    first = client.get_secret_value(SecretId=arn)["SecretString"]
    secrets.create(1)
    assert client.get_secret_value(SecretId=arn)["SecretString"] == first
    assert verifies(first, signed_headers(secrets(), "id", BODY, time.time()), BODY)
    secrets.create(2)
    assert client.get_secret_value(SecretId=arn)["SecretString"] != first
    assert client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"] == first


class Denying:
    """Secrets Manager for a role with rights that arrive after some calls."""

    def __init__(self, client: SecretsManagerClient, calls: int) -> None:
        self.exceptions = client.exceptions
        self.left = calls
        self.tokens: list[str] = []

    def put_secret_value(self, *, ClientRequestToken: str, **_more: str) -> None:
        self.tokens.append(ClientRequestToken)
        self.left -= 1
        if self.left >= 0:
            error = {"Error": {"Code": "AccessDeniedException"}}
            raise self.exceptions.ClientError(error, "PutSecretValue")  # type: ignore[arg-type]


def test_a_secret_is_created_by_a_role_that_iam_does_not_know_at_once(client: SecretsManagerClient) -> None:
    paused: list[float] = []
    denying = Denying(client, calls=2)
    SigningSecrets(denying, "arn", sleep=paused.append).create(1)  # type: ignore[arg-type]
    assert paused == [1, 2]
    # Secrets Manager takes 32 to 64 characters.
    assert {32 <= len(token) <= 64 for token in denying.tokens} == {True}


def test_a_role_without_the_right_fails_the_apply(client: SecretsManagerClient) -> None:
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        SigningSecrets(Denying(client, calls=9), "arn", sleep=lambda _: None).create(1)  # type: ignore[arg-type]


def test_an_unreachable_or_denying_secrets_manager_is_a_secret_error(client: SecretsManagerClient) -> None:
    class Failing:
        exceptions = client.exceptions

        def __init__(self, error: Exception) -> None:
            self.error = error

        def get_secret_value(self, **_more: str) -> dict[str, str]:
            raise self.error

    denied = client.exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")
    for error, text in ((denied, "AccessDeniedException"), (EndpointConnectionError(endpoint_url="x"), "Endpoint")):
        with pytest.raises(SecretError, match=f"Secrets Manager: {text}"):
            SigningSecrets(Failing(error), "arn")()  # type: ignore[arg-type]
