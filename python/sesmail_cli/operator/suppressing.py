"""Search and change the suppression list: the work of `sesmail suppression` and of the console, without printing.

Each function raises botocore's errors and TransientError, and UsageError where it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.failures import describe_failure
from sesmail_cli.operator.removal_log import log_removals, new_log
from sesmail_cli.operator.suppression_filter import SuppressionFilter
from sesmail_cli.operator.suppression_list import TYPES, SesList, newest, outside_index
from sesmail_layer.aws.dynamodb_items import is_condition_failure, read_items
from sesmail_layer.aws.suppression_table import read_suppression, unchanged
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.times import utc_text

SOURCE = "sesmail.cli"
LARGEST_NOTE = 500
"""Characters."""
_DAY_SECONDS = 86_400
_BATCH = 100
_WRITERS = 10


class Found(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Entries, newest first."""

    entries: list[Suppression]
    more: bool
    """True: there are more entries than were asked for."""
    complete: bool
    """False: only part of the table was searched for rows that other programs wrote without a type or a date."""
    error: str | None = None
    """Why the rows of other programs could not be searched."""


class AddressState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether an address is suppressed, here and by SES."""

    email: str
    suppression: Suppression | None
    ses_reason: str | None
    """SES's own list has it for this (`BOUNCE`, `COMPLAINT`)."""
    ses_error: str | None = None
    """Why SES's list could not be read."""
    with_capitals: Suppression | None = None
    """A row that another program wrote under the address as it was typed. The engine reads none but folded ones."""


class Addition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    suppression: Suppression
    """The entry in force."""
    kept: bool
    """True: an entry that was there is stronger, and stays as it was."""


class Removal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    removed: int
    changed: int
    """Entries that changed after they were listed, and so stay."""
    log: str | None
    """The file that has what was removed."""
    removed_from_ses: int = 0
    ses_error: str | None = None
    """Why SES's own list still has some of them."""


# --- look -------------------------------------------------------------------------------------------------------------


def search(engine: Engine, *, only: str | None = None, since: str = "", limit: int = 100, every: bool = False) -> Found:
    """List entries in force by type (None: all) and time. `every` searches a large table to its end."""
    table, now_text = engine.resource_name("Suppression"), utc_text(engine.clock.now())
    types = TYPES if only is None else (only,)
    entries = newest(engine.dynamodb, table, types, since=since, now_text=now_text, limit=limit + 1)
    try:
        foreign = outside_index(
            engine.dynamodb, table, None if only is None else types, since=since, now_text=now_text, every=every
        )
    except ClientError as err:
        why = describe_failure(err, engine.name)
        return Found(entries=entries[:limit], more=len(entries) > limit, complete=False, error=why)
    merged = sorted([*entries, *foreign.entries], key=lambda entry: entry.added_to_suppression_date, reverse=True)
    return Found(entries=merged[:limit], more=len(merged) > limit, complete=foreign.complete)


def matching(engine: Engine, where: SuppressionFilter) -> list[Suppression]:
    """Read the whole list, and return the entries in force that match, newest first."""
    now_text = utc_text(engine.clock.now())
    found = [entry for _, entry in _scan(engine) if where.match(entry) and not entry.expired(now_text)]
    return sorted(found, key=lambda entry: entry.added_to_suppression_date, reverse=True)


def look_up(engine: Engine, key: str, *, typed: str = "", with_ses: bool = True) -> AddressState:
    """Look an address up by its key and as it was `typed`, here and, with `with_ses`, on SES's own list."""
    found = engine.suppression.get_many({key, typed or key})
    reason = error = None
    # SES knows addresses alone, no topics.
    if with_ses and "#" not in key.rpartition("@")[2]:
        try:
            reason = SesList(engine.sesv2).reason(key)
        except (BotoCoreError, ClientError) as err:
            error = describe_failure(err, engine.name)
    return AddressState(
        email=key,
        suppression=found.get(key),
        ses_reason=reason,
        ses_error=error,
        with_capitals=found.get(typed) if typed != key else None,
    )


# --- change -----------------------------------------------------------------------------------------------------------


def add(
    engine: Engine,
    key: str,
    *,
    reason: SuppressionReason = SuppressionReason.MANUAL,
    days: int | None = None,
    note: str | None = None,
) -> Addition:
    """Suppress an address, for ever or for some days; an entry that is stronger stays."""
    now = engine.clock.now()
    expires = None if days is None else now + days * _DAY_SECONDS
    entry = Suppression(
        email=key,
        suppression_type=SUPPRESSION_TYPES[reason],
        reason=reason,
        added_to_suppression_date=utc_text(now),
        source=SOURCE,
        note=note,
        expires_at=None if expires is None else utc_text(expires),
        ttl=None if expires is None else int(expires),
    )
    engine.suppression.add(entry)
    stored = engine.suppression.get_many([key]).get(key, entry)
    return Addition(suppression=stored, kept=stored.added_to_suppression_date != entry.added_to_suppression_date)


def remove_address(engine: Engine, key: str, *, from_ses: bool, typed: str = "", log: Path | None = None) -> Removal:
    """Remove an address, also as it was `typed`, and under the hash of an erased one. Raises UsageError (the log).

    A run that removes several gives them one `log`; None: it has a file of its own.
    """
    table, sleep = engine.resource_name("Suppression"), engine.clock.sleep
    keys = dict.fromkeys([key, typed or key, *engine.keys.tombstones_of(key)])
    items = [(item, read_suppression(item)) for item in read_items(engine.dynamodb, table, "email", keys, sleep)]
    return _remove(engine, iter(items), from_ses=from_ses, also_from_ses=[key], log=log)


def remove_matching(
    engine: Engine, shown: Sequence[Suppression], *, from_ses: bool, progress: Callable[[int], None] | None = None
) -> Removal:
    """Remove the entries that were shown. Raises UsageError (the log), before anything is removed.

    An entry that has changed since, or changes meanwhile, stays: a complaint is not removed with an old bounce.
    """
    as_shown = {entry.email: entry for entry in shown}
    table, sleep = engine.resource_name("Suppression"), engine.clock.sleep
    now = ((item, read_suppression(item)) for item in read_items(engine.dynamodb, table, "email", as_shown, sleep))
    chosen = (one for one in now if one[1] == as_shown[one[1].email])
    done = _remove(engine, chosen, from_ses=from_ses, progress=progress)
    return msgspec.structs.replace(done, changed=len(as_shown) - done.removed)


def _remove(
    engine: Engine,
    chosen: Iterator[tuple[Any, Suppression]],
    *,
    from_ses: bool,
    also_from_ses: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
    log: Path | None = None,
) -> Removal:
    """Log and remove batch by batch: a crash leaves entries in the log that are still there, never the reverse."""
    removed = changed = 0
    path = None
    of_ses = dict.fromkeys(also_from_ses)
    with ThreadPoolExecutor(_WRITERS) as writers:
        while batch := list(islice(chosen, _BATCH)):
            path = path or log or new_log(engine)
            log_removals(engine, [entry for _, entry in batch], path)
            results = list(writers.map(lambda one: _delete(engine, one[0]), batch))
            removed, changed = removed + sum(results), changed + results.count(False)
            gone = [one[1].email for one, is_gone in zip(batch, results, strict=True) if is_gone]
            of_ses |= dict.fromkeys(filter(_is_address, gone))
            if progress:
                progress(removed + changed)
    off_ses, error = _remove_from_ses(engine, of_ses) if from_ses else (0, None)
    return Removal(
        removed=removed,
        changed=changed,
        log=str(path) if path else None,
        removed_from_ses=off_ses,
        ses_error=error,
    )


def _delete(engine: Engine, item: Any) -> bool:
    """Delete an item if it is still as it was read."""
    condition, values = unchanged(item)
    given: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
    try:
        engine.dynamodb.delete_item(
            TableName=engine.resource_name("Suppression"),
            Key={"email": item["email"]},
            ConditionExpression=f"attribute_exists(email) AND {condition}",
            **given,
        )
    except ClientError as err:
        if not is_condition_failure(err):
            raise
        return False
    return True


def _remove_from_ses(engine: Engine, addresses: Iterable[str]) -> tuple[int, str | None]:
    """Remove addresses from SES's own list; return how many, and the error that ended it."""
    ses, count = SesList(engine.sesv2), 0
    try:
        for count, address in enumerate(addresses, 1):  # noqa: B007 - the last number is the count
            ses.remove(address)
    except (BotoCoreError, ClientError) as err:
        return count - 1, describe_failure(err, engine.name)
    return count, None


def _is_address(key: str) -> bool:
    """Return False for the key of an erased address, and for one with a topic after it."""
    return "@" in key and "#" not in key.rpartition("@")[2]


def _scan(engine: Engine) -> Iterator[tuple[Any, Suppression]]:
    pages = engine.dynamodb.get_paginator("scan").paginate(TableName=engine.resource_name("Suppression"))
    for page in pages:
        for item in page["Items"]:
            yield item, read_suppression(item)
