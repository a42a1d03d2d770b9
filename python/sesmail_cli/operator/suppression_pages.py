"""The suppression list page by page, in a bounded number of requests however long it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec

from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.suppression_filter import SuppressionFilter
from sesmail_cli.operator.suppression_list import INDEX, outside_index_filter
from sesmail_layer.aws.suppression_table import read_suppression
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.times import utc_text

_EVERYTHING = SuppressionFilter()
_CHUNK = 1_000
"""Rows that one request reads where few of them may match."""


class SuppressionPage(msgspec.Struct, frozen=True, kw_only=True):
    entries: list[Suppression]
    cursor: str | None
    """Where the next page starts; None: everything was searched."""
    searched_back_to: str | None
    """The date of the last row that was read; None: rows without an order."""
    rows_read: int


def read_page(
    engine: Engine, only: str | None, where: SuppressionFilter, *, limit: int, cursor: str | None, requests: int
) -> SuppressionPage:
    """Read one page of the entries in force of a type, newest first.

    None as type: the rows that other programs wrote, in no order. Raises UsageError (cursor) and botocore's errors.
    """
    now_text = utc_text(engine.clock.now())
    start = _read_cursor(cursor) if cursor else None
    # A search reads ahead; a plain list reads what it shows.
    given = _query(only, where) if only else outside_index_filter()
    call = engine.dynamodb.query if only else engine.dynamodb.scan
    chunk = limit if only and _is_plain(where) else _CHUNK
    found: list[Suppression] = []
    last: Suppression | None = None
    rows = 0
    for _ in range(requests):
        more: Any = {"ExclusiveStartKey": start} if start else {}
        answer = call(TableName=engine.resource_name("Suppression"), Limit=chunk, **given, **more)
        rows += answer["ScannedCount"]
        start = answer.get("LastEvaluatedKey")
        for item in answer["Items"]:
            last = read_suppression(item)
            if where.match(last) and not last.expired(now_text):
                found.append(last)
            if len(found) == limit:
                key = _key(item, only)
                is_end = start is None and item == answer["Items"][-1]
                return _page(found, None if is_end else key, last, only, rows)
        if start is None:
            break
    return _page(found, start, last, only, rows)


def _is_plain(where: SuppressionFilter) -> bool:
    period_only = msgspec.structs.replace(where, since=None, until=None)
    return period_only == _EVERYTHING


def _query(only: str, where: SuppressionFilter) -> dict[str, Any]:
    """Return the arguments of the index query. An index's range is one condition, so `until` alone has a start."""
    values = {":type": {"S": only}, ":since": {"S": where.since or "0"}, ":until": {"S": where.until or "9"}}
    return {
        "IndexName": INDEX,
        "KeyConditionExpression": "suppressionType = :type AND addedToSuppressionDate BETWEEN :since AND :until",
        "ExpressionAttributeValues": values,
        "ScanIndexForward": False,
    }


def _page(found: list[Suppression], key: Any, last: Suppression | None, only: str | None, rows: int) -> SuppressionPage:
    back_to = last.added_to_suppression_date if last and only else None
    return SuppressionPage(
        entries=found, cursor=_write_cursor(key) if key else None, searched_back_to=back_to, rows_read=rows
    )


def _key(item: Any, only: str | None) -> Any:
    names = ("email", "suppressionType", "addedToSuppressionDate") if only else ("email",)
    return {name: item[name] for name in names}


def _write_cursor(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read_cursor(cursor: str) -> Any:
    try:
        key = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if not _is_key(key):
            raise ValueError(cursor)
    except (ValueError, RecursionError) as err:
        raise UsageError("This link to a further page is damaged: start the search again.") from err
    return key


def _is_key(key: object) -> bool:
    return isinstance(key, dict) and "email" in key and all(map(_is_text, key.values()))


def _is_text(value: object) -> bool:
    return isinstance(value, dict) and list(value) == ["S"] and isinstance(value["S"], str)
