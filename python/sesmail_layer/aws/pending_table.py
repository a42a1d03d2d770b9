"""The pending table: requests kept for a soft bounce's retry, for at most a day."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from sesmail_layer.aws.dynamodb_items import dynamodb_errors
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.request.envelopes import PendingRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from sesmail_layer.usecases.ports import Clock

KEPT_SECONDS = 86_400
_PER_CALL = 25
_ROUNDS = 5
_FIRST_PAUSE_SECONDS = 0.05
_FAILURE = "DynamoDB error in the pending table"


class PendingTable:
    def __init__(
        self, client: DynamoDBClient, table_name: str, clock: Clock, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._clock = clock
        self._sleep = sleep

    def keep(self, email_id: str, request: PendingRequest) -> None:
        """Keep a request, replacing that of an earlier attempt. Raises TransientError."""
        with _errors():
            self._client.put_item(TableName=self._table_name, Item=self._item(email_id, request))

    def keep_all(self, requests: Mapping[str, PendingRequest]) -> None:
        """Keep requests by their emails' ids, 25 per call. Raises TransientError."""
        self._write([{"PutRequest": {"Item": self._item(*each)}} for each in sorted(requests.items())])

    def _item(self, email_id: str, request: PendingRequest) -> dict[str, Any]:
        return {
            "emailId": {"S": email_id},
            "attempt": {"N": str(request.attempt)},
            "request": {"B": request.packed},
            "ttl": {"N": str(int(self._clock.now()) + KEPT_SECONDS)},
        }

    def get(self, email_id: str) -> PendingRequest | None:
        """Read a request, unless it has expired: DynamoDB's TTL deletes late. Raises TransientError."""
        with _errors():
            answer = self._client.get_item(
                TableName=self._table_name, Key={"emailId": {"S": email_id}}, ConsistentRead=True
            )
        item: dict[str, Any] = dict(answer.get("Item", {}))
        try:
            if float(item["ttl"]["N"]) <= self._clock.now():
                return None
            return PendingRequest(int(item["attempt"]["N"]), bytes(item["request"]["B"]))
        except (KeyError, ValueError):  # There is none, or somebody else wrote it.
            return None

    def forget(self, email_ids: Collection[str]) -> None:
        """Delete requests, kept or not, 25 per call. Raises TransientError."""
        self._write([{"DeleteRequest": {"Key": {"emailId": {"S": each}}}} for each in sorted(set(email_ids))])

    def _write(self, requests: list[Any]) -> None:
        for start in range(0, len(requests), _PER_CALL):
            self._write_some(requests[start : start + _PER_CALL])

    def _write_some(self, requests: list[Any]) -> None:
        for round_number in range(_ROUNDS):
            with _errors():
                answer = self._client.batch_write_item(RequestItems={self._table_name: requests})
            requests = list(answer.get("UnprocessedItems", {}).get(self._table_name, []))
            if not requests:
                return
            self._sleep(_FIRST_PAUSE_SECONDS * 2**round_number * random.uniform(0.5, 1))
        raise TransientError(f"{_FAILURE}: {len(requests)} requests stayed unwritten", code="AWS008")


def _errors() -> AbstractContextManager[None]:
    return dynamodb_errors(_FAILURE, code="AWS008")
