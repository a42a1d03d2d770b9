"""EventBridge's bus policy, which MiniStack neither stores whole nor evaluates.

`aws_cloudwatch_event_bus_policy` hands PutPermission a whole policy:
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
PutEvents is denied where a statement of it matches the caller and the entries' sources; the account's root user, who
runs the tests, is not evaluated, as nowhere in the emulator.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

# By name: MiniStack is not installed where types are checked.
app_module: Any = importlib.import_module("ministack.app")
evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
responses: Any = importlib.import_module("ministack.core.responses")
iam: Any = importlib.import_module("ministack.services.iam")
eventbridge: Any = importlib.import_module("ministack.services.eventbridge")

Action = Callable[..., Any]


def install() -> None:
    eventbridge._put_permission = _wrap_put_permission(eventbridge._put_permission)
    eventbridge._put_events = _wrap_put_events(eventbridge._put_events)


def _wrap_put_permission(original: Action) -> Action:
    def put(data: Mapping[str, Any]) -> Any:
        if "Policy" not in data:
            return original(data)
        eventbridge._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
        return responses.json_response({})

    return put


def _wrap_put_events(original: Action) -> Action:
    def put(data: Mapping[str, Any], *rest: Any, **named: Any) -> Any:
        caller = _role_of(evaluator.caller_arn())
        if app_module.AUTH and not caller.endswith(":root"):
            for bus in {entry.get("EventBusName", "default").rpartition("/")[2] for entry in data["Entries"]}:
                if decide(bus, caller, responses.get_account_id(), data["Entries"]) == "Deny":
                    message = f"User: {caller} is not authorized to perform: events:PutEvents with an explicit deny"
                    return responses.error_response_json("AccessDeniedException", message, 400)
        return original(data, *rest, **named)

    return put


def _role_of(caller: str) -> str:
    """Return `aws:PrincipalArn`: for a session the role's ARN, with its path."""
    name = evaluator._role_name_from_assumed_arn(caller) if ":assumed-role/" in caller else ""
    role = iam._roles.get_scoped(responses.get_account_id(), None, name) if name else None
    return str(role["Arn"]) if role else caller


def _values(entries: list[Mapping[str, Any]], name: str) -> str | list[str]:
    """Return what the entries have; one value as such, because an operator without a set prefix takes no list."""
    values = sorted({str(entry.get(name, "")) for entry in entries})
    return values if len(values) != 1 else values[0]


def entry_context(entries: list[Mapping[str, Any]]) -> dict[str, str | list[str]]:
    """Return the condition keys of a PutEvents call."""
    return {"events:source": _values(entries, "Source"), "events:detail-type": _values(entries, "DetailType")}


def decide(bus: str, caller: str, caller_account: str, entries: list[Mapping[str, Any]]) -> str:
    """Return what the policy of a bus of this request's account and region says: Allow, Deny or ImplicitDeny."""
    account, region = responses.get_account_id(), responses.get_region()
    context = evaluator.EvalContext(
        principal_arn=caller,
        principal_type="AssumedRole",
        principal_account=caller_account,
        action="events:PutEvents",
        resource_arn=f"arn:aws:events:{region}:{account}:event-bus/{bus}",
        region=region,
        service_context=entry_context(entries),
    )
    policy = eventbridge._event_bus_policies.get(bus)
    return str(evaluator.evaluate_resource_policy(policy, context).decision)
