"""The tracking table's indexes, page by page, for those who look for emails; no function loads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sesmail_layer.aws.dynamodb_items import dynamodb_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TrackingSearch:
    """The queries that page through an index. Each raises TransientError."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def keys_to(
        self, address: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        """Read the (timestamp, emailId) of emails to a case-folded address, newest first, and whether more follow."""
        return self._keys("to-email-timestamp-index", "toEmail", address, (since, until), after, limit)

    def keys_of_day(
        self, day: str, *, since: str, until: str, after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        """Read the (timestamp, emailId) of a day's emails, newest first, and whether more follow."""
        return self._keys("date-partition-index", "datePartition", day, (since, until), after, limit)

    def _keys(
        self, index: str, key: str, value: str, period: tuple[str, str], after: tuple[str, str] | None, limit: int
    ) -> tuple[Sequence[tuple[str, str]], bool]:
        since, until = period
        start: dict[str, Any] = {}
        if after:
            names = {key: value, "timestamp": after[0], "emailId": after[1]}
            start["ExclusiveStartKey"] = {name: {"S": text} for name, text in names.items()}
        with dynamodb_errors("DynamoDB error searching tracking records", code="AWS003"):
            answer = self._client.query(
                TableName=self._table_name,
                IndexName=index,
                KeyConditionExpression="#key = :value AND #time BETWEEN :since AND :until",
                ProjectionExpression="#time, emailId",
                ExpressionAttributeNames={"#key": key, "#time": "timestamp"},
                ExpressionAttributeValues={":value": {"S": value}, ":since": {"S": since}, ":until": {"S": until}},
                ScanIndexForward=False,
                Limit=limit,
                **start,
            )
        keys = [(item["timestamp"]["S"], item["emailId"]["S"]) for item in answer["Items"]]
        return keys, "LastEvaluatedKey" in answer
