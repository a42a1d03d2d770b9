"""IAM as AWS enforces it where MiniStack (`AUTH=true`) does not, and a list of what was denied.

SES requires the permission on the sender's identity and on the configuration set, and has the condition key
`ses:FromAddress`; MiniStack checks no resource and no condition key of SendRawEmail.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsesv2.html

CloudWatch authorizes DescribeAlarms on the alarms that the request names; MiniStack sees only requests that name one.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html

PutItem and DeleteItem have `dynamodb:LeadingKeys`, PutEvents `events:source` and `events:detail-type`; MiniStack gives
its evaluator none of them.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html

S3 answers 403, not 404, for a missing object if the caller may not list the bucket.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Awaitable, Callable
from email.utils import parseaddr
from typing import Any

from localcloud.bus_policy import entry_context
from localcloud.ses.limits import ErrorResponse
from localcloud.ses.message import Message

# By name: MiniStack is not installed where types are checked.
app_module: Any = importlib.import_module("ministack.app")
actions: Any = importlib.import_module("ministack.core.iam_actions")
evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
router: Any = importlib.import_module("ministack.core.router")
responses: Any = importlib.import_module("ministack.core.responses")
dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
s3: Any = importlib.import_module("ministack.services.s3")

SEND, LIST = "ses:SendRawEmail", "s3:ListBucket"
# As MiniStack names v2's SendEmail, which SES authorizes as SEND where its content is raw; the launcher takes no other.
SEND_IN_V2 = ("ses:SendEmail", "sesv2")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
AUTHORIZED_AS = {
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
Enforce = Callable[..., Any]
Handler = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]


class Enforcement:
    """Evaluates permissions by the emulator's own evaluator and records what it denied."""

    def __init__(self) -> None:
        self.denials: list[dict[str, str]] = []
        self._original: Enforce = evaluator.enforce

    def install(self) -> None:
        """Leave raw messages to `send_denial`; treat requests as if they came over TLS, as they do in AWS."""
        original = app_module.pin_request_origin
        app_module.pin_request_origin = lambda source_ip, _secure: original(source_ip, True)
        evaluator.enforce = self._enforce_all_but_send
        actions.extract_resource_arn = _with_alarms(actions.extract_resource_arn)
        actions.dynamodb_service_context = _with_leading_keys(actions.dynamodb_service_context)
        actions.request_tag_context = _with_entries(actions.request_tag_context)
        s3.handle_request = self._wrap_s3(s3.handle_request)

    def send_denial(self, message: Message, headers: dict[str, str]) -> ErrorResponse | None:
        """Return AccessDenied if the caller lacks the permission on the identity or the configuration set."""
        if not app_module.AUTH:
            return None
        access_key = router.extract_access_key_id(headers)
        region, account = responses.get_region(), responses.get_account_id()
        address = parseaddr(message.source)[1]
        names = [f"identity/{address.rpartition('@')[2]}"]
        if message.configuration_set:
            names.append(f"configuration-set/{message.configuration_set}")
        for name in names:
            arn = f"arn:aws:ses:{region}:{account}:{name}"
            context = {"ses:FromAddress": address}
            denied = self._enforce(access_key, SEND, "ses", region, resource_arn=arn, service_context=context)
            if denied:
                text = f"User is not authorized to perform `{SEND}' on resource `{arn}'"
                return ErrorResponse("AccessDenied", text, 403)
        return None

    def _wrap_s3(self, original: Handler) -> Handler:
        async def handle(method: str, path: str, headers: dict[str, str], *rest: Any, **named: Any) -> Any:
            status, answered, content = await original(method, path, headers, *rest, **named)
            missing = app_module.AUTH and status == 404 and b"NoSuchKey" in content
            bucket = f"arn:aws:s3:::{path.split('/')[1]}"
            access_key = router.extract_access_key_id(headers)
            if missing and self._enforce(access_key, LIST, "s3", responses.get_region(), resource_arn=bucket):
                return 403, answered, content.replace(b"NoSuchKey", b"AccessDenied")
            return status, answered, content

        return handle

    def _enforce_all_but_send(self, access_key: str, action: str, service: str, *rest: Any, **named: Any) -> Any:
        if action == SEND or (action, service) == SEND_IN_V2:
            return None
        return self._enforce(access_key, action, service, *rest, **named)

    def _enforce(self, access_key: str, action: str, *rest: Any, resource_arn: str = "*", **named: Any) -> Any:
        action = AUTHORIZED_AS.get(action, action)
        denied = self._original(access_key, action, *rest, resource_arn=resource_arn, **named)
        if denied:
            principal = getattr(denied, "principal_arn", "") or getattr(denied, "code", "")
            self.denials.append({"principal": principal, "action": action, "resource": resource_arn})
        return denied


def _with_alarms(original: Callable[..., str]) -> Callable[..., str]:
    """Return MiniStack's function that finds a request's resource, with the first of several alarms."""

    def found(service: str, *rest: Any, **named: Any) -> str:
        arn = original(service, *rest, **named)
        _, _, _, body, _, region, account = rest
        names = _alarm_names(body) if service == "monitoring" and arn == "*" else []
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:{names[0]}" if names else arn

    return found


def _alarm_names(body: bytes) -> list[str]:
    return list(_document(body).get("AlarmNames", []))


def _with_leading_keys(original: Callable[[bytes], dict[str, Any]]) -> Callable[[bytes], dict[str, Any]]:
    """Return MiniStack's function of DynamoDB's condition keys, with the partition key of a single item."""

    def found(body: bytes) -> dict[str, Any]:
        document = _document(body)
        item = document.get("Item") or document.get("Key") or {}
        table = dynamodb._tables.get(document.get("TableName", "")) or {}
        names = [each["AttributeName"] for each in table.get("KeySchema", []) if each["KeyType"] == "HASH"]
        keys = [str(value) for name in names for value in item.get(name, {}).values()]
        return original(body) | ({"dynamodb:LeadingKeys": keys} if keys else {})

    return found


def _with_entries(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return MiniStack's function of a request's tags, with what the entries of PutEvents have."""

    def found(service: str, action: str, body: bytes, *rest: Any) -> dict[str, Any]:
        context = original(service, action, body, *rest)
        entries = _document(body).get("Entries") if action == "events:PutEvents" else None
        return context | entry_context(entries) if entries else context

    return found


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
