"""What the sender's log says of one email, and its record does not: tries, the last error, duplicates, conflicts.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from sesmail_layer.domain.times import utc_text

if TYPE_CHECKING:
    from sesmail_layer.usecases.ports import Clock

_LONGEST_SECONDS = 5.0
"""A large log is searched page by page: an answer within seconds is worth more than a whole one."""
_DUPLICATE, _CONFLICT = "email.duplicate", "duplicate_conflict"
_ERROR_LEVELS = frozenset({"ERROR", "WARNING"})


class LastError(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    at: str
    code: str
    """Empty: the line has none."""
    message: str


class EmailLog(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The facts of one email's log lines."""

    tries: int = 0
    """Tries in a row that met an error, as the newest line counts them."""
    gives_up_at: str | None = None
    """When these tries end, and the email fails."""
    last_error: LastError | None = None
    duplicates: int = 0
    """How often the same request came again, and was not sent again."""
    conflicts: list[str] = []
    """Ids of the emails that asked for the same emailId."""
    complete: bool = True
    """False: the time was over before the whole log was searched."""


def read_email_log(logs: Any, log_group: str, email_id: str, since: float, clock: Clock) -> EmailLog:
    """Search a function's log from a Unix time on. Raises botocore's errors."""
    if '"' in email_id or "\\" in email_id:  # No id of the engine; it would end the pattern's text.
        return EmailLog()
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group, startTime=max(0, int(since * 1000)), filterPattern=f'"{email_id}"'
    )
    lines: list[tuple[float, Mapping[str, Any]]] = []
    complete = True
    end = clock.now() + _LONGEST_SECONDS
    for page in pages:
        lines += _lines(page["events"])
        if clock.now() >= end and page.get("nextToken"):
            complete = False
            break
    return summary(sorted(lines, key=lambda line: line[0]), email_id, complete=complete)


def summary(lines: Iterable[tuple[float, Mapping[str, Any]]], email_id: str, *, complete: bool = True) -> EmailLog:
    """Sum up log lines with their Unix times, in the order of time."""
    tries, duplicates, gives_up_at = 0, 0, None
    last_error: LastError | None = None
    conflicts: list[str] = []
    for at, line in lines:
        if line.get("conflicts_with") == email_id and line.get("error_type") == _CONFLICT:
            conflicts.append(str(line.get("email_id")))
        elif line.get("email_id") != email_id:
            continue
        elif line.get("event") == _DUPLICATE:
            duplicates += 1
        elif line.get("level") in _ERROR_LEVELS:
            tries = _whole(line.get("tries"))
            gives_up_at = str(line["gives_up_at"]) if tries and "gives_up_at" in line else None
            message = str(line.get("message") or line.get("error") or line.get("event"))
            last_error = LastError(at=utc_text(at), code=str(line.get("code") or ""), message=message)
        else:
            tries, gives_up_at = 0, None  # It went on: what it met before is over.
    return EmailLog(
        tries=tries,
        gives_up_at=gives_up_at,
        last_error=last_error,
        duplicates=duplicates,
        conflicts=list(dict.fromkeys(conflicts)),
        complete=complete,
    )


def _lines(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[float, Mapping[str, Any]]]:
    for event in events:
        try:
            line = json.loads(event["message"])
        except ValueError:
            continue
        if isinstance(line, dict):
            yield event["timestamp"] / 1000, line


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
