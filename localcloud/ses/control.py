"""The emulated SES's control API, `/_sesmail/...`: read what it did, change how it behaves.

GET    /_sesmail/messages?after=N&limit=N&raw=0   accepted messages, from the Nth on
GET    /_sesmail/events?after=N           published events
POST   /_sesmail/events                   publish {messageId, eventType, detail} about an accepted message
POST   /_sesmail/release                  publish the held events
GET    /_sesmail/settings                 quota, events, account, faults
PATCH  /_sesmail/settings                 change {quota: {...}, events: {...}, account: {...}}
POST   /_sesmail/faults                   inject a fault; DELETE clears all
POST   /_sesmail/kill                     kill a random busy process of {function} (`launcher.py`)
POST   /_sesmail/confirmations            confirm SNS's subscriptions by email, as their recipients do (`launcher.py`)
POST   /_sesmail/redelivery               {seconds} until SQS redelivers what an ended batch left (`launcher.py`)
GET    /_sesmail/denials                  what IAM denied; DELETE empties the list (`launcher.py`)
POST   /_sesmail/reset                    forget everything
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any
from urllib.parse import parse_qs

from localcloud.ses.faults import Fault
from localcloud.ses.service import SesService

PREFIX = "/_sesmail/"
# event_destinations(configuration_set), from the emulator.
Destinations = Callable[[str], Mapping[str, Any]]
Answer = tuple[int, dict[str, Any]]


def handle(service: SesService, destinations: Destinations, method: str, path: str, query: str, body: bytes) -> Answer:
    """Handle one request to the control API; return HTTP status and JSON."""
    route = f"{method} {path.removeprefix(PREFIX)}"
    parameters = {key: values[-1] for key, values in parse_qs(query).items()}
    try:
        given = json.loads(body or b"{}")
        if route.startswith("GET "):
            return _read(service, route, parameters)
        return _change(service, destinations, route, given)
    except (ValueError, TypeError, KeyError, StopIteration) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}


def _read(service: SesService, route: str, parameters: Mapping[str, str]) -> Answer:
    after = int(parameters.get("after", "0"))
    if route == "GET messages":
        with_raw = parameters.get("raw", "1") != "0"
        end = after + int(parameters["limit"]) if "limit" in parameters else None
        messages = [message.as_json(with_raw=with_raw) for message in service.messages[after:end]]
        return 200, {"count": len(service.messages), "messages": messages}
    if route == "GET events":
        published = service.published
        return 200, {"count": len(published), "held": len(service.held), "events": published[after:]}
    if route == "GET settings":
        return 200, _settings(service)
    return 404, {"error": f"no such path: {route}"}


def _change(service: SesService, destinations: Destinations, route: str, given: dict[str, Any]) -> Answer:
    match route:
        case "POST events":
            message = next(m for m in service.messages if m.message_id == given["messageId"])
            to = destinations(message.configuration_set)
            count = service.publish_event(message, given["eventType"], given.get("detail", {}), to)
            return 200, {"published": count}
        case "POST release":
            return 200, {"published": service.release()}
        case "PATCH settings":
            _set(service.quota, given.get("quota", {}))
            _set(service.events, given.get("events", {}))
            _set(service.account, given.get("account", {}))
        case "POST faults":
            service.faults.append(Fault.from_json(given))
        case "DELETE faults":
            service.faults.clear()
        case "POST reset":
            service.reset()
        case _:
            return 404, {"error": f"no such path: {route}"}
    return 200, _settings(service)


def _settings(service: SesService) -> dict[str, Any]:
    faults = [fault.as_json() for fault in service.faults]
    parts = {name: asdict(getattr(service, name)) for name in ("quota", "events", "account")}
    return parts | {"faults": faults}


def _set(settings: Any, given: Mapping[str, Any]) -> None:
    known = {each.name for each in fields(settings)}
    unknown = given.keys() - known
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    for name, value in given.items():
        setattr(settings, name, value)
