"""GetSendQuota: SES's sending limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from sesmail_layer.aws.ses_quota import SesQuota
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Quota

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

NOW = 1_795_516_260.0


class Clock:
    def now(self) -> float:
        return NOW

    def sleep(self, seconds: float) -> None:
        raise AssertionError("asking takes no waiting")


@pytest.fixture
def client() -> SESClient:
    return boto3.client("ses")


@pytest.mark.parametrize(
    ("limit", "sent", "share_left"),
    [
        (200.0, 0.0, 1.0),
        (50_000.0, 45_000.0, 0.1),
        (200.0, 200.0, 0.0),
        (200.0, 230.0, 0.0),
        (-1.0, 1e9, 1.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_the_quota_has_ses_s_values_and_the_time_of_the_answer(
    client: SESClient, limit: float, sent: float, share_left: float
) -> None:
    with Stubber(client) as stub:
        stub.add_response("get_send_quota", {"Max24HourSend": limit, "MaxSendRate": 14.0, "SentLast24Hours": sent}, {})
        quota = SesQuota(client, Clock()).ask()
    assert quota == Quota(max_send_rate=14.0, max_24_hour_send=limit, sent_last_24_hours=sent, checked_at=NOW)
    assert quota.share_left == pytest.approx(share_left)


def test_an_ses_that_does_not_answer_is_a_transient_error(client: SESClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_send_quota", "Throttling", "Rate exceeded")
        with pytest.raises(TransientError, match=r"^SES error \(GetSendQuota\): ClientError$") as caught:
            SesQuota(client, Clock()).ask()
    assert caught.value.code == "SES010"

    def fail() -> None:
        raise ReadTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com")

    monkeypatch.setattr(client, "get_send_quota", fail)
    with pytest.raises(TransientError, match="ReadTimeoutError"):
        SesQuota(client, Clock()).ask()
