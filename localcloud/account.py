"""The account's settings in MiniStack: SES v2's account, and confirmations of SNS subscriptions by email.

Installed by the launcher; SES's rules are in `ses/account.py`.
https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from localcloud.ses import account as rules
from localcloud.ses import apis
from localcloud.ses.service import SesService

Response = apis.Response
PENDING = "PendingConfirmation"

# By name: MiniStack is not installed where types are checked.
ses: Any = importlib.import_module("ministack.services.ses")
ses_v2: Any = importlib.import_module("ministack.services.ses_v2")
sns: Any = importlib.import_module("ministack.services.sns")


def install(service: SesService) -> None:
    """Wrap MiniStack's account of SES v2, its sandbox, and its subscriptions."""
    ses_v2.handle_request = _wrap_account(ses_v2.handle_request, service)
    ses._production_access_enabled = lambda: service.account.production_access
    sns._subscribe = _wrap_subscribe(sns._subscribe)
    sns._list_subscriptions_by_topic = _wrap_list(sns._list_subscriptions_by_topic)


def confirm_subscriptions() -> int:
    """Confirm all subscriptions by email, as their recipients do by the link in SNS's mail; return their number."""
    confirmed = 0
    for topic in sns._topics.values():
        for subscription in _pending(topic):
            subscription["confirmed"] = True
            subscription["attributes"] |= {PENDING: "false", "ConfirmationWasAuthenticated": "true"}
            confirmed += 1
        sns._refresh_subscription_counts(topic)
    return confirmed


def _wrap_account(
    original: Callable[..., Awaitable[Response]], service: SesService
) -> Callable[..., Awaitable[Response]]:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        part = path.rstrip("/").removeprefix(rules.PATH)
        if method == "GET" and not part:
            quota = asdict(service.quota)
            numbers = {
                "Max24HourSend": quota["max_24_hour_send"],
                "MaxSendRate": quota["max_send_rate"],
                "SentLast24Hours": service.sent_last_24_hours(),
            }
            return apis.done(rules.view(service.account, numbers))
        if method in ("POST", "PUT") and part in ("/details", "/sending", "/suppression"):
            error = rules.put(service.account, part, json.loads(body or b"{}"))
            return apis.rejected("v2", error) if error else apis.done({})
        return await original(method, path, headers, body, query)

    return handle


def _wrap_subscribe(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Leave a new subscription by email pending, and answer with its ARN where the request asks for it."""

    def subscribe(params: Any) -> Any:
        topic, _ = sns._get_topic(sns._p(params, "TopicArn"))
        before = {each["arn"] for each in topic["subscriptions"]} if topic else set()
        status, headers, content = original(params)
        added = [each for each in (topic["subscriptions"] if topic else ()) if each["arn"] not in before]
        for subscription in added:
            if subscription["protocol"] == "email":
                subscription["confirmed"] = False
                subscription["attributes"] |= {PENDING: "true", "ConfirmationWasAuthenticated": "false"}
                sns._refresh_subscription_counts(topic)
                if sns._p(params, "ReturnSubscriptionArn") != "true":
                    content = content.replace(subscription["arn"].encode(), b"pending confirmation")
        return status, headers, content

    return subscribe


def _wrap_list(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Show `PendingConfirmation` in place of the ARN of a subscription that is pending."""

    def show(params: Any) -> Any:
        status, headers, content = original(params)
        topic, _ = sns._get_topic(sns._p(params, "TopicArn"))
        for subscription in _pending(topic) if topic else ():
            content = content.replace(f">{subscription['arn']}<".encode(), f">{PENDING}<".encode())
        return status, headers, content

    return show


def _pending(topic: Any) -> list[Any]:
    return [each for each in topic["subscriptions"] if each["protocol"] == "email" and not each["confirmed"]]
