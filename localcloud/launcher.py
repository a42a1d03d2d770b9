"""Start MiniStack with the SES behaviour that it lacks: limits, event destinations, the mailbox simulator, faults.

Runs in the emulator's own virtual environment: `python -m localcloud.launcher` from the repository's root,
with MiniStack's settings in the environment. MiniStack's files are not changed: some of its functions are wrapped
(sending and GetSendQuota behind `handle_request`, an identity's notifications, SES v2's creation of an event
destination, its identities (`identities.py`) and account (`account.py`), IAM's evaluator (`iam.py`), bus policies
(`bus_policy.py`), buses of other accounts (`other_accounts.py`), SQS and EventBridge (`sizes.py`), and the HTTP entry,
for the control API of `ses/control.py`).
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
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qs, unquote

from localcloud import account, bus_policy, identities, other_accounts, sizes
from localcloud.iam import Enforcement
from localcloud.ses import apis, control
from localcloud.ses.faults import ERRORS, Fault
from localcloud.ses.limits import ErrorResponse, exceeded_limit
from localcloud.ses.message import Message, first
from localcloud.ses.service import SesService
from localcloud.workers import isolate_start_failures, kill_busy_process, kill_caller, redelivery

Response = apis.Response
Handler = Callable[..., Awaitable[Response]]
DEFAULT_SET_PATH = re.compile(r"/v2/email/identities/([^/]+)/configuration-set/?")
_IDLE_SECONDS = 86_400.0
VALIDATION_TEXT = "Successfully validated SNS topic for Amazon SES event publishing."

# By name: MiniStack is not installed where types are checked.
app_module: Any = importlib.import_module("ministack.app")
ses: Any = importlib.import_module("ministack.services.ses")
ses_v2: Any = importlib.import_module("ministack.services.ses_v2")
sns: Any = importlib.import_module("ministack.services.sns")
responses: Any = importlib.import_module("ministack.core.responses")
hypercorn_config: Any = importlib.import_module("hypercorn.config")

client_address: ContextVar[tuple[str, int]] = ContextVar("client_address")


def publish(topic_arn: str, text: str) -> None:
    """Put a message on an SNS topic of the emulator, as SES would."""
    sns.publish_internal(topic_arn, text, "Amazon SES Email Event Notification")


service = SesService(publish)
enforcement = Enforcement()
rng = random.Random(0)


def configuration_sets() -> dict[str, Any]:
    """Return the configuration sets created through SES v1 and v2: SES keeps one list."""
    return dict(ses._configuration_sets) | dict(ses_v2._config_sets)


def event_destinations(configuration_set: str) -> Mapping[str, Any]:
    """Return the SES v2 event destinations of a configuration set."""
    found: Mapping[str, Any] = (ses_v2._config_sets.get(configuration_set) or {}).get("EventDestinations") or {}
    return found


# --- sending and GetSendQuota --------------------------------------------------------------------------------------


def wrap_ses(original: Handler) -> Handler:
    """Add limits, faults and events to SES v1."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        if path.startswith("/v2/") or b"Action=" not in body:
            return await original(method, path, headers, body, query)
        params = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        action = first(params, "Action")
        if action == "GetSendQuota":
            return quota_response()
        if action != "SendRawEmail":
            return await original(method, path, headers, body, query)
        return await send_raw_email(Message.from_request(params), headers)

    return handle


def wrap_ses_v2(original: Handler) -> Handler:
    """Add the same to SES v2, and an identity's default configuration set."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        if method == "POST" and path.rstrip("/") == apis.SEND_EMAIL_PATH:
            given = json.loads(body)
            if "Raw" not in given.get("Content", {}):
                error = ErrorResponse("BadRequestException", "Only raw content is emulated.")
                return apis.rejected("v2", error)
            return await send_raw_email(Message.from_json(given), headers)
        if method == "PUT" and (identity := DEFAULT_SET_PATH.fullmatch(path)):
            service.default_sets[unquote(identity[1])] = json.loads(body or b"{}").get("ConfigurationSetName") or ""
            return apis.done({})
        return await original(method, path, headers, body, query)

    return handle


def default_set(source: str) -> str:
    """Return the default configuration set of the address's own identity, else of its domain's; empty if none."""
    address = parseaddr(source)[1]
    sets = service.default_sets
    return sets.get(address) or sets.get(address.rpartition("@")[2]) or ""


async def send_raw_email(message: Message, headers: dict[str, str]) -> Response:
    """Reject the message, fail by an injected fault, or accept it and publish its events."""
    message = replace(message, configuration_set=message.configuration_set or default_set(message.source))
    if denied := enforcement.send_denial(message, headers):
        return apis.rejected(message.api, denied)
    fault = service.fault_for(message)
    if fault and not fault.kind.endswith("_after"):
        return apis.rejected(message.api, fault.error) if fault.error else await leave_unanswered(fault)
    rejected = exceeded_limit(message, configuration_sets()) or tenant_error(message) or service.over_quota(message)
    if rejected:
        return apis.rejected(message.api, rejected)
    status, answered, body = ses._send_raw_email(message.as_params())
    accepted = re.search(rb"<MessageId>([^<]+)</MessageId>", body)
    if status != 200 or accepted is None:
        return status, answered, body
    message_id = ses_id(accepted[1].decode())
    response = apis.accepted(message.api, message_id)
    stamped = replace(
        message,
        message_id=message_id,
        account_id=responses.get_account_id(),
        region=responses.get_region(),
    )
    service.accept(stamped, event_destinations(message.configuration_set))
    if fault is None:
        return response
    if fault.kind == "server_error_after":
        return apis.rejected(message.api, ERRORS["server_error"])
    return await leave_unanswered(fault)


def tenant_error(message: Message) -> ErrorResponse | None:
    """Return SES's error for a tenant that it does not have."""
    if not message.tenant or message.tenant in ses_v2._tenants:
        return None
    return ErrorResponse("NotFoundException", f"The requested tenant <{message.tenant}> does not exist.", 404)


def ses_id(emulator_id: str) -> str:
    """Return the id in SES's format. MiniStack's looks like an address, which the engine's log masks."""
    unique = emulator_id.partition("@")[0]
    return f"01000190{unique[:8]}-{unique}-000000"


def wrap_notifications(original: Callable[..., None]) -> Callable[..., None]:
    """Use the same id in an identity's notifications."""
    return lambda message_id, *rest: original(ses_id(message_id), *rest)


async def leave_unanswered(fault: Fault) -> Response:
    """Break the client's connection, kill the client, or answer after the client has timed out."""
    if fault.kind.startswith("drop"):
        drop_connection(client_address.get())
    elif fault.kind == "kill_after":
        fault.killed += kill_caller(client_address.get())
    else:
        await asyncio.sleep(fault.seconds)
    return apis.rejected("v1", ERRORS["server_error"])


def drop_connection(peer: tuple[str, int]) -> None:
    """Shut down the request's TCP connection without the server's knowledge, so that its answer is lost."""
    for entry in os.listdir("/dev/fd"):
        try:
            with socket.socket(fileno=os.dup(int(entry))) as connection:
                if connection.getpeername()[:2] == tuple(peer):
                    connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # no socket, or one that is not connected
            continue


def quota_response() -> Response:
    quota = service.quota
    inner = (
        f"<GetSendQuotaResult><Max24HourSend>{quota.max_24_hour_send}</Max24HourSend>"
        f"<MaxSendRate>{quota.max_send_rate}</MaxSendRate>"
        f"<SentLast24Hours>{service.sent_last_24_hours()}</SentLast24Hours></GetSendQuotaResult>"
    )
    response: Response = ses._xml(200, "GetSendQuotaResponse", inner)
    return response


# --- SES v2 event destinations -------------------------------------------------------------------------------------


def wrap_event_destination(original: Callable[..., Any]) -> Callable[..., Any]:
    """Publish SES's plain text to the topic of a new event destination."""

    def put(name: str, destination: str, definition: Any, *, create: bool) -> Any:
        failed = original(name, destination, definition, create=create)
        topic_arn = ((definition or {}).get("SnsDestination") or {}).get("TopicArn")
        if failed is None and create and topic_arn:
            publish(topic_arn, VALIDATION_TEXT)
        return failed

    return put


# --- the HTTP entry ------------------------------------------------------------------------------------------------


def wrap_app(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Add the control API, and note the client's address for faults that break its connection."""

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            await original(scope, receive, send)
            return
        client_address.set(tuple(scope.get("client") or ("", 0))[:2])
        if not scope["path"].startswith(control.PREFIX):
            await original(scope, receive, send)
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        status, content = handle_control(scope, body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(content).encode()})

    return app


def handle_control(scope: Mapping[str, Any], body: bytes) -> control.Answer:
    """Handle a request to the control API: processes and IAM here, SES in `ses/control.py`."""
    method, path = scope["method"], scope["path"]
    match path.removeprefix(control.PREFIX):
        case "kill":
            return 200, {"killed": kill_busy_process(json.loads(body)["function"], rng)}
        case "confirmations":
            return 200, {"confirmed": account.confirm_subscriptions()}
        case "redelivery":
            redelivery.change(json.loads(body)["seconds"])
            return 200, {"seconds": redelivery.seconds}
        case "denials":
            if method == "DELETE":
                enforcement.denials.clear()
            return 200, {"denials": enforcement.denials}
        case _:
            query = scope.get("query_string", b"").decode()
            return control.handle(service, event_destinations, method, path, query, body)


def keep_connections() -> None:
    """Never close a connection before its client does.

    MiniStack closes one that was idle for 75 s, at times under a request that it carries out all the same. Terraform
    keeps its connections for 90 s, and repeats the request: two event source mappings, of which destroy leaves one.
    """
    hypercorn_config.Config.keep_alive_timeout = property(lambda _: _IDLE_SECONDS, lambda _, __: None)


def stop_with(parent: int) -> None:
    """Kill this process group once its parent is gone, so that a killed parent leaves nothing running."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Wrap MiniStack and run it."""
    # Removed, since Lambda functions inherit this environment.
    if parent := os.environ.pop("SESMAIL_PARENT_PID", ""):
        stop_with(int(parent))
    keep_connections()
    isolate_start_failures()
    redelivery.install()
    enforcement.install()
    sizes.install()
    bus_policy.install()
    other_accounts.install()
    identities.install()
    account.install(service)
    ses.handle_request = wrap_ses(ses.handle_request)
    ses_v2.handle_request = wrap_ses_v2(ses_v2.handle_request)
    ses._send_notifications = wrap_notifications(ses._send_notifications)
    ses_v2._put_event_destination = wrap_event_destination(ses_v2._put_event_destination)
    app_module.app = wrap_app(app_module.app)
    app_module.main()


if __name__ == "__main__":
    main()
