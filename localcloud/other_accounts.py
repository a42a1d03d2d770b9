"""Event buses of other accounts, which MiniStack looks for in the caller's account only.

A caller, or a rule, of another account needs the bus's policy to allow it:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
The caller's own policies are not looked at: what calls from another account in the tests is its root user.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from localcloud.bus_policy import decide

# By name: MiniStack is not installed where types are checked.
evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
responses: Any = importlib.import_module("ministack.core.responses")
eventbridge: Any = importlib.import_module("ministack.services.eventbridge")

Action = Callable[..., Any]
logger = logging.getLogger(__name__)


def install() -> None:
    """Wrap PutEvents and the delivery to a bus, outside of `bus_policy`."""
    eventbridge._put_events = _wrap_put_events(eventbridge._put_events)
    eventbridge._dispatch_to_event_bus = _wrap_delivery(eventbridge._dispatch_to_event_bus)


@contextmanager
def _acting_in(account: str, region: str) -> Iterator[None]:
    tokens = responses._request_account_id.set(account), responses._request_region.set(region)
    try:
        yield
    finally:
        responses._request_account_id.reset(tokens[0])
        responses._request_region.reset(tokens[1])


def _wrap_put_events(original: Action) -> Action:
    def put(data: Mapping[str, Any], *rest: Any, **named: Any) -> Any:
        caller, account = evaluator.caller_arn(), responses.get_account_id()
        buses = {entry.get("EventBusName", "default") for entry in data["Entries"]}
        bus = buses.pop() if len(buses) == 1 else ""
        owner = bus.split(":")[4] if bus.startswith("arn:") else account
        if owner == account:
            return original(data, *rest, **named)
        with _acting_in(owner, bus.split(":")[3]):
            if decide(bus.partition("/")[2], caller, account, data["Entries"]) != "Allow":
                message = f"User: {caller} is not authorized to perform: events:PutEvents on resource: {bus}"
                return responses.error_response_json("AccessDeniedException", message, 400)
            return original(data, *rest, **named)

    return put


def _wrap_delivery(original: Action) -> Action:
    def deliver(spec: Any, event: Mapping[str, Any], *rest: Any, **named: Any) -> None:
        account = responses.get_account_id()
        if spec.account_id == account:
            original(spec, event, *rest, **named)
            return
        with _acting_in(spec.account_id, spec.region):
            bus = spec.resource.partition("/")[2]
            if decide(bus, f"arn:aws:iam::{account}:root", account, [event]) == "Allow":
                original(spec, event, *rest, **named)
            else:
                logger.warning("The policy of bus %s does not take events of account %s", bus, account)

    return deliver
