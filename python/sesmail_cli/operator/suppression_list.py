"""Queries for operators: the suppression list by type and date, newest first, and SES's own list."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from sesmail_layer.aws.dynamodb_items import Item
from sesmail_layer.aws.suppression_table import read_suppression
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason, topic_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client

TYPES = tuple(dict.fromkeys(SUPPRESSION_TYPES.values()))

INDEX = "suppression-type-date-index"
_PAGE_SIZE = 1_000
_SEARCHED_PAGES = 50
"""Pages of the table or the index that are searched, where not all are asked for."""


class Listing(NamedTuple):
    """Entries, newest first, and whether all rows were searched that may have some."""

    entries: list[Suppression]
    complete: bool


def newest(
    client: DynamoDBClient, table_name: str, types: Sequence[str], *, since: str, now_text: str, limit: int
) -> list[Suppression]:
    """Read the unexpired entries of these types, added since a time, newest first. Raises botocore's errors."""
    by_type = [_of_type(client, table_name, one, since) for one in types]
    merged = heapq.merge(*by_type, key=_added, reverse=True)
    return list(islice((entry for entry in merged if not entry.expired(now_text)), limit))


def topics_left(client: DynamoDBClient, table_name: str, address: str, *, every: bool) -> Listing:
    """Read the topics and sources that an address has unsubscribed from, newest first.

    No key has all topics of an address, so this reads unsubscriptions of all addresses. `every` False: only the newest
    50,000. 1,000 of 300 bytes cost 37 read units. Raises botocore's errors.
    """
    unsubscribe = SUPPRESSION_TYPES[SuppressionReason.UNSUBSCRIBE]
    values = {":type": {"S": unsubscribe}, ":prefix": {"S": topic_key(address, "")}}
    pages = client.get_paginator("query").paginate(
        TableName=table_name,
        IndexName=INDEX,
        KeyConditionExpression="suppressionType = :type",
        FilterExpression="begins_with(email, :prefix)",
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        PaginationConfig={"PageSize": _PAGE_SIZE},
    )
    found, complete = _searched(pages, every=every)
    return Listing([read_suppression(item) for item in found], complete)


def outside_index(
    client: DynamoDBClient, table_name: str, types: Sequence[str] | None, *, since: str, now_text: str, every: bool
) -> Listing:
    """Scan for the entries that other programs wrote without a known type or a date; None: of all types.

    `every` False: only the first 50,000 rows. Raises botocore's errors.
    """
    pages = client.get_paginator("scan").paginate(
        TableName=table_name, **outside_index_filter(), PaginationConfig={"PageSize": _PAGE_SIZE}
    )
    found, complete = _searched(pages, every=every)
    entries = [
        entry
        for entry in map(read_suppression, found)
        if not entry.expired(now_text)
        and entry.added_to_suppression_date >= since
        and (types is None or entry.suppression_type in types)
    ]
    return Listing(sorted(entries, key=_added, reverse=True), complete)


def outside_index_filter() -> dict[str, Any]:
    """Return a scan's filter for rows without a known type or a date."""
    values = {f":{number}": {"S": one} for number, one in enumerate(TYPES)}
    return {
        "FilterExpression": "attribute_not_exists(suppressionType) OR attribute_not_exists(addedToSuppressionDate)"
        f" OR NOT suppressionType IN ({', '.join(values)})",
        "ExpressionAttributeValues": values,
    }


def _searched(pages: Iterable[Any], *, every: bool) -> tuple[list[Item], bool]:
    """Return the items of the first pages, or of every one, and whether these were all pages."""
    found = list[Item]()
    for number, page in enumerate(pages):
        if number == _SEARCHED_PAGES and not every:
            return found, False
        found += page["Items"]
    return found, True


def _added(entry: Suppression) -> str:
    return entry.added_to_suppression_date


def _of_type(client: DynamoDBClient, table_name: str, suppression_type: str, since: str) -> Iterator[Suppression]:
    values: dict[str, Any] = {":type": {"S": suppression_type}} | ({":since": {"S": since}} if since else {})
    pages = client.get_paginator("query").paginate(
        TableName=table_name,
        IndexName=INDEX,
        KeyConditionExpression="suppressionType = :type" + (" AND addedToSuppressionDate >= :since" if since else ""),
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
    )
    for page in pages:
        for item in page["Items"]:
            yield read_suppression(item)


class SesList:
    """SES's own suppression list of the account.

    https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
    """

    def __init__(self, client: SESV2Client) -> None:
        self._client = client

    def reason(self, address: str) -> str | None:
        """Return why SES suppresses an address (`BOUNCE`, `COMPLAINT`); None if it does not."""
        try:
            answer = self._client.get_suppressed_destination(EmailAddress=address)
        except ClientError as err:
            if _is_not_found(err):
                return None
            raise
        return str(answer["SuppressedDestination"]["Reason"])

    def remove(self, address: str) -> None:
        try:
            self._client.delete_suppressed_destination(EmailAddress=address)
        except ClientError as err:
            if not _is_not_found(err):
                raise


def _is_not_found(err: ClientError) -> bool:
    return err.response["Error"].get("Code") == "NotFoundException"
