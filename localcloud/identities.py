"""SES v2's identities in MiniStack: looked up in the emulated Route 53, with MAIL FROM and DKIM's hosted zone.

Installed by the launcher; the rules are in `ses/identities.py`.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from localcloud.ses import apis
from localcloud.ses import identities as rules

Response = apis.Response

# By name: MiniStack is not installed where types are checked.
ses: Any = importlib.import_module("ministack.services.ses")
ses_v2: Any = importlib.import_module("ministack.services.ses_v2")
route53: Any = importlib.import_module("ministack.services.route53")
responses: Any = importlib.import_module("ministack.core.responses")


def install() -> None:
    """Wrap MiniStack's SES v2 and its check of a message's sender."""
    ses_v2.handle_request = _wrap_requests(ses_v2.handle_request)
    ses._message_rejection = _wrap_sender_check(ses._message_rejection)


def _wrap_requests(original: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        given = json.loads(body or b"{}") if method in ("POST", "PUT") else {}
        identity = rules.PATH.fullmatch(path)
        answer = _answer_identity(method, identity, given) if identity else _answer_tracking(path, given)
        if answer is not None:
            return answer
        answer = await original(method, path, headers, body, query)
        if identity and method == "POST" and answer[0] == 200:
            created = _known()[given["EmailIdentity"]]
            rules.complete(created, given, responses.get_region())
            _look_up()
            shown = ("IdentityType", "VerifiedForSendingStatus", "DkimAttributes")
            return apis.done({name: created[name] for name in shown})
        return answer

    return handle


def _wrap_sender_check(original: Callable[..., str | None]) -> Callable[..., str | None]:
    def check(*arguments: Any, **named: Any) -> str | None:
        _look_up()
        return original(*arguments, **named)

    return check


def _answer_identity(method: str, path: re.Match[str], given: dict[str, Any]) -> Response | None:
    """Answer a request about an identity; None leaves it to MiniStack."""
    known, name = _known(), unquote(path["name"] or "")
    error = None
    match method, path["part"]:
        case "POST", None:
            error = rules.creation_error(known, given)
        case (("GET" | "DELETE"), None) if name:
            _look_up()
            if method == "GET" and name not in known and name in ses._identities:
                return apis.done(rules.verified_through_v1(name, responses.get_region()))
            error = None if name in known else rules.missing(name)
        case "PUT", "/mail-from":
            error = rules.mail_from_error(known, name, given)
            if error is None:
                rules.put_mail_from(known[name], given)
                return apis.done({})
    return apis.rejected("v2", error) if error else None


def _answer_tracking(path: str, given: dict[str, Any]) -> Response | None:
    """Reject a redirect domain that SES has not verified; None leaves the request to MiniStack."""
    if not rules.TRACKING_PATH.fullmatch(path):
        return None
    _look_up()
    verified = [name for name, identity in _known().items() if identity["VerifiedForSendingStatus"]]
    error = rules.tracking_error([*verified, *ses._identities], given)
    return apis.rejected("v2", error) if error else None


def _known() -> dict[str, dict[str, Any]]:
    """Return the identities in the request's region, by name."""
    return dict(ses_v2._identities)


def _look_up() -> None:
    """Let SES look for its records in the emulated Route 53."""
    domains = [identity for identity in _known().values() if identity["IdentityType"] == "DOMAIN"]
    if not domains:
        return
    records = [
        (each["Name"].rstrip("."), each["Type"], value.rstrip("."))
        for zone in route53._records.values()
        for each in zone
        for value in each.get("ResourceRecords", ())
    ]
    for identity in domains:
        rules.look_up(identity, records, responses.get_region())
