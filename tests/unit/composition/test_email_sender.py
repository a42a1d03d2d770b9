"""The EmailSender's settings reach its rules in the engine's units, and its ports the right queues."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.composition import email_sender
from sesmail_layer.composition.email_sender import EmailSender
from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery
from sesmail_layer.domain.unsubscribe.links import sign
from sesmail_layer.runtime.settings import Settings
from sesmail_layer.usecases.sender.ports import SendingRules
from tools.simulation.fakes import NOW

GIVEN = {
    "default_sender_email": "shop@example.com",
    "default_sender_name": "Shop",
    "brand_variables": {"companyName": "Shop & Söhne"},
    "data_retention_days": 30,
    "unknown_fields": "refuse",
    "delivery_mode": "live",
    "max_message_mb": 0.5,
    "max_request_kb": 128,
    "max_schedule_days": 7,
    "max_hold_hours": 2.0,
    "max_send_rate": 14.0,
    "rate_utilisation": 0.9,
    "bulk_rate_share": 0.7,
    "daily_quota_reserve": 0.2,
    "claim_settle_seconds": 400.0,
    "on_unknown_outcome": "fail",
    "breaker_cooldown_minutes": 30.0,
    "soft_bounce_retries": 0,
    "bulk_requires_unsubscribe": "refuse",
}


def test_hours_minutes_and_megabytes_become_seconds_and_bytes() -> None:
    assert email_sender._rules(cast(Settings, SimpleNamespace(**GIVEN))) == SendingRules(
        default_sender_email="shop@example.com",
        default_sender_name="Shop",
        brand={"companyName": "Shop & Söhne"},
        retention_days=30,
        refuse_unknown_fields=True,
        max_message_bytes=512 * 1024,
        max_request_bytes=124 * 1024,
        max_schedule_days=7,
        max_hold_seconds=7_200.0,
        max_send_rate=14.0,
        rate_utilisation=0.9,
        bulk_rate_share=0.7,
        daily_quota_reserve=0.2,
        claim_settle_seconds=400.0,
        resend_unknown=False,
        breaker_cooldown_seconds=1_800.0,
        soft_bounce_retries=0,
        bulk_requires_unsubscribe="refuse",
    )


def test_a_delivery_mode_reaches_the_rules_and_live_is_none() -> None:
    given = {"delivery_mode": "allow", "delivery_to": "", "delivery_allow": "Ada@Example.com,*.example.org"}
    rules = email_sender._rules(cast(Settings, SimpleNamespace(**GIVEN | given)))
    assert rules.delivery == RestrictedDelivery.of("allow", "", ["ada@example.com", "*.example.org"])
    assert email_sender._rules(cast(Settings, SimpleNamespace(**GIVEN))).delivery is None


class FakeClient:
    """One for every service; notes the queues that are asked."""

    def __init__(self) -> None:
        self.queues: list[str] = []

    def send_message_batch(self, **given: Any) -> dict[str, Any]:
        self.queues.append(given["QueueUrl"])
        return {}

    def get_queue_attributes(self, **given: Any) -> dict[str, Any]:
        self.queues.append(given["QueueUrl"])
        return {"Attributes": {}}


class AnySetting:
    """A setting that was not given has its own name for a value."""

    tracing = False
    timeout_seconds = 30.0
    log_level = "INFO"

    def __getattr__(self, name: str) -> Any:
        return GIVEN.get(name, name)


def test_each_queue_has_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeClient()
    monkeypatch.setattr(email_sender, "client", lambda *_args, **_options: fake)
    ports = EmailSender(cast(Settings, AnySetting()))._ports(cast(Settings, AnySetting()))

    ports.retry_queue.put("{}", 0)
    ports.bulk_retry_queue.put("{}", 0)
    ports.bulk_queue.put("{}", 0)

    assert fake.queues == ["retry_queue_url", "bulk_retry_queue_url", "bulk_queue_url"]


def test_the_deadline_is_what_lambda_leaves_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_sender, "client", lambda *_args, **_options: FakeClient())
    sender = EmailSender(cast(Settings, AnySetting()))
    deadlines: list[float] = []

    def send(messages: object, deadline: float) -> set[str]:
        deadlines.append(deadline)
        return {"message-1"}

    monkeypatch.setattr(sender, "_send", send)
    monkeypatch.setattr(sender, "_clock", SimpleNamespace(now=lambda: NOW))

    answer = sender.handle({"Records": []}, 30)

    assert deadlines == [NOW + 30]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


@pytest.mark.parametrize("url", ["", "https://mail.example.com"])
def test_links_are_signed_where_there_is_an_endpoint(url: str) -> None:
    keys = cast(SecretKeys, SimpleNamespace(unsubscribe_keys=lambda: [b"new", b"old"]))
    url_of = email_sender._unsubscribe_links(cast(Settings, SimpleNamespace(unsubscribe_url=url)), keys)
    if not url:
        assert url_of is None
        return
    assert url_of is not None
    given = {"record_id": "news-1", "source": "shop.news", "address": "ada@example.com"}
    assert url_of(**given) == f"{url}/u/{sign(b'new', **given)}"
