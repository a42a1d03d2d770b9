"""The emulated SES account and SNS's subscriptions by email, as AWS has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.emulator import Emulator, start_ministack

ONCE = Config(retries={"total_max_attempts": 1})
CASE: Any = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com", "UseCaseDescription": "Invoices"}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator without the engine."""
    started = start_ministack()
    yield started
    started.stop()


@pytest.fixture
def ses(emulator: Emulator) -> Iterator[Any]:
    yield client(emulator, "sesv2", ONCE)
    emulator.request("POST", "_sesmail/reset", {})


def test_a_new_account_takes_bounces_and_complaints_onto_its_list_until_it_is_changed(ses: Any) -> None:
    assert ses.get_account()["SuppressionAttributes"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    ses.put_account_suppression_attributes(SuppressedReasons=["COMPLAINT"])
    assert ses.get_account()["SuppressionAttributes"]["SuppressedReasons"] == ["COMPLAINT"]
    with pytest.raises(ClientError, match="BadRequestException"):
        ses.put_account_suppression_attributes(SuppressedReasons=["SPAM"])


def test_production_access_is_granted_by_a_review_and_not_by_the_request(emulator: Emulator, ses: Any) -> None:
    ses.put_account_details(**CASE, ProductionAccessEnabled=False)
    assert not ses.get_account()["ProductionAccessEnabled"]
    ses.put_account_details(**CASE, ProductionAccessEnabled=True)
    account = ses.get_account()
    assert (account["ProductionAccessEnabled"], account["Details"]["ReviewDetails"]["Status"]) == (False, "PENDING")
    with pytest.raises(ClientError, match="ConflictException"):
        ses.put_account_details(**CASE, ProductionAccessEnabled=True)
    emulator.request("PATCH", "_sesmail/settings", {"account": {"production_access": True, "review_status": "GRANTED"}})
    assert ses.get_account()["ProductionAccessEnabled"]


def test_in_the_sandbox_only_verified_addresses_get_mail(emulator: Emulator, ses: Any) -> None:
    client(emulator, "ses").verify_domain_identity(Domain="example.com")
    message: Any = {
        "FromEmailAddress": "shop@example.com",
        "Destination": {"ToAddresses": ["someone@example.org"]},
        "Content": {"Raw": {"Data": b"From: shop@example.com\r\nTo: someone@example.org\r\n\r\nHi\r\n"}},
    }
    assert ses.send_email(**message)["MessageId"]
    ses.put_account_details(**CASE, ProductionAccessEnabled=False)
    with pytest.raises(ClientError, match=r"MessageRejected.*not verified"):
        ses.send_email(**message)


def test_an_identity_of_v1_is_shown_by_v2_without_dkim(emulator: Emulator, ses: Any) -> None:
    client(emulator, "ses").verify_domain_identity(Domain="example.net")
    identity = ses.get_email_identity(EmailIdentity="example.net")
    assert identity["VerifiedForSendingStatus"]
    assert (identity["DkimAttributes"]["SigningEnabled"], identity["DkimAttributes"]["Status"]) == (
        False,
        "NOT_STARTED",
    )


def test_a_subscription_by_email_waits_for_its_confirmation(emulator: Emulator) -> None:
    sns = client(emulator, "sns")
    topic = sns.create_topic(Name="confirmed")["TopicArn"]
    assert sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@b.example")["SubscriptionArn"] == (
        "pending confirmation"
    )
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="c@b.example", ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    assert arn.startswith(f"{topic}:")
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {each["SubscriptionArn"] for each in listed} == {"PendingConfirmation"}
    assert emulator.request("POST", "_sesmail/confirmations", {}) == {"confirmed": 2}
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert arn in {each["SubscriptionArn"] for each in listed}
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"
