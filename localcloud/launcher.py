"""Starts MiniStack with the SES behaviour that it lacks: limits, event destinations, the mailbox simulator, faults.

Runs inside the emulator's own virtual environment: `python -m localcloud.launcher` from the repository's root,
with MiniStack's settings in the environment. MiniStack's files stay as they are: a few of its functions are wrapped in
this process (SendRawEmail and GetSendQuota behind `ses.handle_request`, an identity's notifications, SES v2's creation
of an event destination, IAM's verdicts (`enforcement.py`), and the HTTP entry, for the side door of `ses/control.py`).
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from localcloud.iam import Enforcement
from localcloud.ses.control import PREFIX, answer
from localcloud.ses.desk import Desk
from localcloud.ses.faults import REFUSALS, Fault
from localcloud.ses.message import Message, first
from localcloud.ses.rules import Refusal, refusal_of
from localcloud.workers import keep_failures_apart, kill_caller, kill_one, redelivery

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Response]]
VALIDATION_TEXT = "Successfully validated SNS topic for Amazon SES event publishing."

# MiniStack is not installed where types are checked, hence by name.
app_module: Any = importlib.import_module("ministack.app")
ses: Any = importlib.import_module("ministack.services.ses")
ses_v2: Any = importlib.import_module("ministack.services.ses_v2")
sns: Any = importlib.import_module("ministack.services.sns")
responses: Any = importlib.import_module("ministack.core.responses")

client_address: ContextVar[tuple[str, int]] = ContextVar("client_address")


def publish(topic_arn: str, text: str) -> None:
    """Put a message on an SNS topic of the emulator, as SES would."""
    sns.publish_internal(topic_arn, text, "Amazon SES Email Event Notification")


desk = Desk(publish)
enforcement = Enforcement()
dice = random.Random(0)


def configuration_sets() -> dict[str, Any]:
    """Those made through SES v1 and v2 alike: SES keeps one list."""
    return dict(ses._configuration_sets) | dict(ses_v2._config_sets)


def event_destinations(configuration_set: str) -> Mapping[str, Any]:
    """The SES v2 event destinations of a configuration set."""
    found: Mapping[str, Any] = (ses_v2._config_sets.get(configuration_set) or {}).get("EventDestinations") or {}
    return found


# --- SendRawEmail and GetSendQuota ---------------------------------------------------------------------------------


def wrap_ses(original: Handler) -> Handler:
    """SES v1 with its limits, faults and events."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        if path.startswith("/v2/") or b"Action=" not in body:
            return await original(method, path, headers, body, query)
        params = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        action = first(params, "Action")
        if action == "GetSendQuota":
            return quota_response()
        if action != "SendRawEmail":
            return await original(method, path, headers, body, query)
        return await send_raw_email(params, headers)

    return handle


async def send_raw_email(params: dict[str, list[str]], headers: dict[str, str]) -> Response:
    """Refuse, fail on order, or accept and publish the events."""
    message = Message.from_request(params)
    if denied := enforcement.refusal_of(message, headers):
        return error_response(denied)
    fault = desk.fault_for(message)
    if fault and not fault.kind.endswith("_after"):
        if fault.kind in REFUSALS:
            return error_response(REFUSALS[fault.kind])
        return await keep_silent(fault)
    refusal = refusal_of(message, configuration_sets()) or desk.over_quota(message)
    if refusal:
        return error_response(refusal)
    status, answered, body = ses._send_raw_email(params)
    accepted = re.search(rb"<MessageId>([^<]+)</MessageId>", body)
    if status != 200 or accepted is None:
        return status, answered, body
    message_id = ses_id(accepted[1].decode())
    response: Response = (status, answered, body.replace(accepted[1], message_id.encode()))
    stamped = replace(
        message,
        message_id=message_id,
        account_id=responses.get_account_id(),
        region=responses.get_region(),
    )
    desk.accept(stamped, event_destinations(message.configuration_set))
    if fault is None:
        return response
    return error_response(REFUSALS["server_error"]) if fault.kind == "server_error_after" else await keep_silent(fault)


def ses_id(emulator_id: str) -> str:
    """The id in SES's shape. MiniStack's looks like an address, which loggers that keep addresses out would mask."""
    unique = emulator_id.partition("@")[0]
    return f"01000190{unique[:8]}-{unique}-000000"


def wrap_notifications(original: Callable[..., None]) -> Callable[..., None]:
    """Notifications of an identity name the same id."""
    return lambda message_id, *rest: original(ses_id(message_id), *rest)


async def keep_silent(fault: Fault) -> Response:
    """The client's connection breaks, or it waits longer than it is ready to."""
    if fault.kind.startswith("drop"):
        drop_connection(client_address.get())
    elif fault.kind == "kill_after":
        fault.killed += kill_caller(client_address.get())
    else:
        await asyncio.sleep(fault.seconds)
    return error_response(REFUSALS["server_error"])


def drop_connection(peer: tuple[str, int]) -> None:
    """Shut the TCP connection of the request under the server, which then has nobody to answer."""
    for entry in os.listdir("/dev/fd"):
        try:
            with socket.socket(fileno=os.dup(int(entry))) as connection:
                if connection.getpeername()[:2] == tuple(peer):
                    connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # no socket, or one that is not connected
            continue


def quota_response() -> Response:
    quota = desk.quota
    inner = (
        f"<GetSendQuotaResult><Max24HourSend>{quota.max_24_hour_send}</Max24HourSend>"
        f"<MaxSendRate>{quota.max_send_rate}</MaxSendRate>"
        f"<SentLast24Hours>{desk.sent_last_24_hours()}</SentLast24Hours></GetSendQuotaResult>"
    )
    response: Response = ses._xml(200, "GetSendQuotaResponse", inner)
    return response


def error_response(refusal: Refusal) -> Response:
    response: Response = ses._error(refusal.code, refusal.message, refusal.status)
    return response


# --- SES v2 event destinations -------------------------------------------------------------------------------------


def wrap_event_destination(original: Callable[..., Any]) -> Callable[..., Any]:
    """SES publishes a plain text to the topic of a new event destination."""

    def put(name: str, destination: str, definition: Any, *, create: bool) -> Any:
        failed = original(name, destination, definition, create=create)
        topic_arn = ((definition or {}).get("SnsDestination") or {}).get("TopicArn")
        if failed is None and create and topic_arn:
            publish(topic_arn, VALIDATION_TEXT)
        return failed

    return put


# --- the HTTP entry ------------------------------------------------------------------------------------------------


def wrap_app(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The side door, and the client's address for faults that break its connection."""

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            await original(scope, receive, send)
            return
        client_address.set(tuple(scope.get("client") or ("", 0))[:2])
        if not scope["path"].startswith(PREFIX):
            await original(scope, receive, send)
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        query = scope.get("query_string", b"").decode()
        content: dict[str, Any]
        if scope["path"] == f"{PREFIX}kill":
            status, content = 200, {"killed": kill_one(json.loads(body)["function"], dice)}
        elif scope["path"] == f"{PREFIX}redelivery":
            redelivery.seconds = json.loads(body)["seconds"]
            status, content = 200, {"seconds": redelivery.seconds}
        elif scope["path"] == f"{PREFIX}denials":
            if scope["method"] == "DELETE":
                enforcement.denials.clear()
            status, content = 200, {"denials": enforcement.denials}
        else:
            status, content = answer(desk, event_destinations, scope["method"], scope["path"], query, body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(content).encode()})

    return app


def end_with(guardian: int) -> None:
    """End this process group once the process that asked for it is gone: a killed test run leaves nothing behind."""

    def watch() -> None:
        while os.getppid() == guardian:
            time.sleep(0.5)
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Wrap MiniStack and run it."""
    # Taken out of the environment, since Lambdas inherit it.
    if guardian := os.environ.pop("SESMAIL_GUARDED_BY", ""):
        end_with(int(guardian))
    keep_failures_apart()
    redelivery.install()
    enforcement.install()
    ses.handle_request = wrap_ses(ses.handle_request)
    ses._send_notifications = wrap_notifications(ses._send_notifications)
    ses_v2._put_event_destination = wrap_event_destination(ses_v2._put_event_destination)
    app_module.app = wrap_app(app_module.app)
    app_module.main()


if __name__ == "__main__":
    main()
