"""The HTTP side door of the emulated SES, `/_sesmail/...`, for tests and the demo.

GET    /_sesmail/messages?after=N&raw=0   accepted messages, from the Nth on
GET    /_sesmail/events?after=N           published events
POST   /_sesmail/events                   publish {messageId, eventType, detail} about an accepted message
POST   /_sesmail/release                  publish the events held back
GET    /_sesmail/behaviour                quota, events, faults
PATCH  /_sesmail/behaviour                change {quota: {...}, events: {...}}
POST   /_sesmail/faults                   order a fault; DELETE takes all back
POST   /_sesmail/kill                     kill a process of {function} at work, by chance (`launcher.py`)
POST   /_sesmail/redelivery               {seconds} until SQS brings again what an ended batch left (`launcher.py`)
GET    /_sesmail/denials                  what IAM denied to whom; DELETE empties the list (`launcher.py`)
POST   /_sesmail/reset                    forget everything
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any
from urllib.parse import parse_qs

from localcloud.ses.desk import Desk
from localcloud.ses.faults import Fault

PREFIX = "/_sesmail/"
# event_destinations(configuration_set): as the emulator has them.
Destinations = Callable[[str], Mapping[str, Any]]


def answer(
    desk: Desk, destinations: Destinations, method: str, path: str, query: str, body: bytes
) -> tuple[int, dict[str, Any]]:
    """(HTTP status, JSON) of one request to the side door."""
    route = f"{method} {path.removeprefix(PREFIX)}"
    asked = {key: values[-1] for key, values in parse_qs(query).items()}
    try:
        given = json.loads(body or b"{}")
        if route.startswith("GET "):
            return _read(desk, route, asked)
        return _change(desk, destinations, route, given)
    except (ValueError, TypeError, KeyError, StopIteration) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}


def _read(desk: Desk, route: str, asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    after = int(asked.get("after", "0"))
    if route == "GET messages":
        with_raw = asked.get("raw", "1") != "0"
        chosen = [message.as_json(with_raw=with_raw) for message in desk.messages[after:]]
        return 200, {"count": len(desk.messages), "messages": chosen}
    if route == "GET events":
        return 200, {"count": len(desk.published), "held": len(desk.held), "events": desk.published[after:]}
    if route == "GET behaviour":
        return 200, _behaviour(desk)
    return 404, {"error": f"no such path: {route}"}


def _change(desk: Desk, destinations: Destinations, route: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    match route:
        case "POST events":
            message = next(m for m in desk.messages if m.message_id == given["messageId"])
            about = destinations(message.configuration_set)
            told = desk.tell(message, given["eventType"], given.get("detail", {}), about)
            return 200, {"published": told}
        case "POST release":
            return 200, {"published": desk.release()}
        case "PATCH behaviour":
            _set(desk.quota, given.get("quota", {}))
            _set(desk.events, given.get("events", {}))
            return 200, _behaviour(desk)
        case "POST faults":
            desk.faults.append(Fault.from_json(given))
            return 200, _behaviour(desk)
        case "DELETE faults":
            desk.faults.clear()
            return 200, _behaviour(desk)
        case "POST reset":
            desk.reset()
            return 200, _behaviour(desk)
        case _:
            return 404, {"error": f"no such path: {route}"}


def _behaviour(desk: Desk) -> dict[str, Any]:
    faults = [fault.as_json() for fault in desk.faults]
    return {"quota": asdict(desk.quota), "events": asdict(desk.events), "faults": faults}


def _set(settings: Any, given: Mapping[str, Any]) -> None:
    known = {each.name for each in fields(settings)}
    unknown = given.keys() - known
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    for name, value in given.items():
        setattr(settings, name, value)
