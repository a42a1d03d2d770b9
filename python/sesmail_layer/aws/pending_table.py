"""The pending table: requests kept for a soft bounce's retry, a day at most."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import transient
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.request.envelopes import PendingRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from sesmail_layer.usecases.ports import Clock

KEPT_SECONDS = 86_400
_PER_CALL = 25
_ROUNDS = 5
_FIRST_PAUSE_SECONDS = 0.05
_NOT_REACHED = "DynamoDB error in the pending table"


class PendingTable:
    def __init__(
        self, client: DynamoDBClient, table_name: str, clock: Clock, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._clock = clock
        self._sleep = sleep

    def keep(self, email_id: str, request: PendingRequest) -> None:
        """Keeps a request, over what an earlier attempt kept. Raises TransientError."""
        item: dict[str, Any] = {
            "emailId": {"S": email_id},
            "attempt": {"N": str(request.attempt)},
            "request": {"B": request.packed},
            "ttl": {"N": str(int(self._clock.now()) + KEPT_SECONDS)},
        }
        try:
            self._client.put_item(TableName=self._table_name, Item=item)
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS008") from err

    def get(self, email_id: str) -> PendingRequest | None:
        """Reads a request; DynamoDB's TTL deletes late, so an expired one is left out here. Raises TransientError."""
        try:
            answer = self._client.get_item(
                TableName=self._table_name, Key={"emailId": {"S": email_id}}, ConsistentRead=True
            )
        except (BotoCoreError, ClientError) as err:
            raise transient(err, _NOT_REACHED, code="AWS008") from err
        item = answer.get("Item")
        if not item or float(item["ttl"]["N"]) <= self._clock.now():
            return None
        return PendingRequest(int(item["attempt"]["N"]), bytes(item["request"]["B"]))

    def forget(self, email_ids: Collection[str]) -> None:
        """Deletes requests, kept or not, in as few calls as possible. Raises TransientError."""
        ordered = sorted(set(email_ids))
        for start in range(0, len(ordered), _PER_CALL):
            some: list[Any] = [
                {"DeleteRequest": {"Key": {"emailId": {"S": email_id}}}}
                for email_id in ordered[start : start + _PER_CALL]
            ]
            self._write(some)

    def _write(self, some: list[Any]) -> None:
        for round_number in range(_ROUNDS):
            try:
                answer = self._client.batch_write_item(RequestItems={self._table_name: some})
            except (BotoCoreError, ClientError) as err:
                raise transient(err, _NOT_REACHED, code="AWS008") from err
            some = list(answer.get("UnprocessedItems", {}).get(self._table_name, []))
            if not some:
                return
            self._sleep(_FIRST_PAUSE_SECONDS * 2**round_number * random.uniform(0.5, 1))
        raise TransientError(f"{_NOT_REACHED}: {len(some)} requests stayed undeleted", code="AWS008")
