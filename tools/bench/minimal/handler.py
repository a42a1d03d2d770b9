"""The two functions of the minimal pipeline: the engine's AWS calls in the same order and parallelism, nothing else.

Deployed in place of the engine's functions, on the same queues and tables. `payloads.json` in the same folder holds the
parameters of the engine's calls (`tools/bench/payloads.py`); only ids are replaced. It validates, renders, composes,
paces, folds and logs nothing.
"""

from __future__ import annotations

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

Params = dict[str, Any]
Call = tuple[str, str, Params]
"""Service, operation as boto3 spells it, parameters."""


class Minimal:
    """Repeats a batch: the calls before its emails, each email's calls in a thread, the calls after them."""

    def __init__(self, payloads: dict[str, Any]) -> None:
        self._before: list[Call] = payloads["before"]
        self._each: list[Call] = payloads["each"]
        self._after: list[Call] = payloads["after"]
        self._feedback: dict[str, Any] = payloads["feedback"]
        services = {"dynamodb", "events", *(service for service, _, _ in (*self._before, *self._each, *self._after))}
        once = Config(retries={"total_max_attempts": 1})
        self._clients: dict[str, Any] = {
            service: boto3.client(service, config=once if service.startswith("ses") else None) for service in services
        }

    def send(self, event: dict[str, Any]) -> None:
        ids = [json.loads(record["body"])["detail"]["emailId"] for record in event["Records"]]
        for service, operation, params in self._before:
            self._call((service, operation, with_ids(ids, params)), len(ids))
        with ThreadPoolExecutor(max_workers=len(ids)) as pool:
            list(pool.map(self._send_one, ids))
        for call in self._after:
            self._call(call, len(ids))

    def _send_one(self, email_id: str) -> None:
        for service, operation, params in self._each:
            try:
                self._call((service, operation, with_id(email_id, params)), 1)
            except ClientError as err:
                if err.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise

    def record(self, event: dict[str, Any]) -> None:
        """Handle a batch of SES events: one read; a write for each delivery, one deletion, one publication."""
        events = [json.loads(json.loads(record["body"])["Message"]) for record in event["Records"] if _is_event(record)]
        if not events:
            return
        ids = list(dict.fromkeys(_email_id(each) for each in events))
        delivered = [_email_id(each) for each in events if each["eventType"] == "Delivery"]
        table, pending, dynamodb = self._feedback["table"], self._feedback["pending"], self._clients["dynamodb"]
        keys = [{"emailId": {"S": email_id}} for email_id in ids]
        dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        for email_id in delivered:
            dynamodb.put_item(TableName=table, Item=self._feedback["item"] | {"emailId": {"S": email_id}})
        if delivered:
            deletions = [{"DeleteRequest": {"Key": {"emailId": {"S": email_id}}}} for email_id in delivered]
            dynamodb.batch_write_item(RequestItems={pending: deletions})
            self._clients["events"].put_events(Entries=[self._feedback["entry"]] * len(delivered))

    def _call(self, call: Call, size: int) -> None:
        service, operation, params = call
        getattr(self._clients[service], operation)(**for_batch(params, size))


def with_id(email_id: str, params: Params) -> Params:
    """Return the parameters with the email's id."""
    if "Item" in params:
        return params | {"Item": params["Item"] | {"emailId": {"S": email_id}}}
    # SES's v2 and v1 API.
    for tags in {"EmailTags", "Tags"} & params.keys():
        tag = base64.urlsafe_b64encode(email_id.encode()).decode().rstrip("=")
        others = [one for one in params[tags] if one["Name"] != "emailId"]
        return params | {tags: [{"Name": "emailId", "Value": tag}, *others]}
    return params


def with_ids(ids: list[str], params: Params) -> Params:
    """Return the parameters with at most one put for each email of the batch, under its id."""
    items = params.get("RequestItems", {})
    puts = {table: requests for table, requests in items.items() if isinstance(requests, list)}
    if not puts:
        return params
    numbered = {
        table: [
            {"PutRequest": {"Item": put["PutRequest"]["Item"] | {"emailId": {"S": email_id}}}}
            for email_id, put in zip(ids, requests, strict=False)
        ]
        for table, requests in puts.items()
    }
    return params | {"RequestItems": items | numbered}


def for_batch(params: Params, size: int) -> Params:
    """Return the parameters with at most one entry for each email of the batch."""
    if "Entries" in params:
        return params | {"Entries": params["Entries"][:size]}
    return params


def load(path: Path) -> dict[str, Any]:
    """Read captured payloads; bytes are stored as {"base64": …}."""
    payloads: dict[str, Any] = json.loads(path.read_text(), object_hook=_bytes)
    return payloads


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else value


def _is_event(record: dict[str, Any]) -> bool:
    return str(json.loads(record["body"])["Message"]).startswith("{")


def _email_id(event: dict[str, Any]) -> str:
    tag: str = event["mail"]["tags"]["emailId"][0]
    return base64.urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()


@cache
def _minimal() -> Minimal:
    return Minimal(load(Path(__file__).with_name("payloads.json")))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run either function, by its name."""
    minimal = _minimal()
    if os.environ["AWS_LAMBDA_FUNCTION_NAME"].endswith("EmailSender"):
        minimal.send(event)
    else:
        minimal.record(event)
    # MiniStack delays a handler that prints nothing.
    print(len(event["Records"]))
    return {"batchItemFailures": []}
