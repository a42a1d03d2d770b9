"""A record's history as it is stored: without what the rest of the record says already.

An ordinary email's record stays below 1 KB, the size that DynamoDB bills as one unit:

    entry as the engine knows it                                   as it is stored
    ------------------------------------------------------------------------------------------------------
    key        mark/1/00001/sending                                nothing
    key        opened/1/ada@example.com/2026-…Z/75a11da44c80       mark: 75a11da44c80
    recipient  the record's toEmail, for what SES reports          nothing
    detail     {sesMessageId}, for `sent`                          nothing: it is the record's
    detail     {machine: false}, for `opened` and `clicked`        nothing
    its transition from the entry before it (`transitions`)        nothing; another one: previous

An entry that has its `key` is stored whole: what earlier versions wrote, and whatever the rules do not fit.
"""

from __future__ import annotations

from typing import Any

from sesmail_layer.domain.record.statuses import Status

_OF_SES = {
    Status.DELAYED: "delayed",
    Status.SOFT_BOUNCED: "bounce",
    Status.DELIVERED: "delivered",
    Status.OPENED: "opened",
    Status.CLICKED: "clicked",
    Status.BOUNCED: "bounce",
    Status.COMPLAINED: "complaint",
}
"""What SES reports of a recipient, with the first part of its entries' keys."""
_FIRST_REVISION = "00001"
_FETCHED = (Status.OPENED, Status.CLICKED)
_NO_TRANSITION = "-"

_Plain = dict[str, Any]


def compacted(record: _Plain) -> _Plain:
    """Return a record in builtins as it is stored: with a compact history in place of `history` and `transitions`."""
    plain = {name: value for name, value in record.items() if name != "transitions"}
    transitions = record.get("transitions", {})
    stored: list[_Plain] = []
    expected: str | None = None
    for entry in record.get("history", []):
        short = _shortened(plain, entry)
        moved, status = entry["key"] in transitions, entry.get("status")
        previous = transitions[entry["key"]] if moved else _NO_TRANSITION
        if status is not None and previous != expected:
            short["previous"] = previous or ""
        stored.append(short)
        expected = status if moved else expected
    return plain | ({"history": stored} if stored else {})


def expanded(record: _Plain) -> _Plain:
    """Return a stored record as `compacted` was given it; what earlier versions, or others, wrote stays as it is."""
    try:
        return _expanded(record)
    except (AttributeError, KeyError, TypeError, ValueError):
        return record


def _expanded(record: _Plain) -> _Plain:
    if "transitions" in record or "history" not in record:
        return record
    history: list[_Plain] = []
    transitions: dict[str, str | None] = {}
    expected: str | None = None
    for stored in record["history"]:
        entry = _lengthened(record, {name: value for name, value in stored.items() if name != "previous"})
        history.append(entry)
        previous = stored.get("previous", expected)
        if entry.get("status") is not None and previous != _NO_TRANSITION:
            transitions[entry["key"]] = previous or None
            expected = entry["status"]
    return record | {"history": history, "transitions": transitions}


def _shortened(record: _Plain, entry: _Plain) -> _Plain:
    """Return an entry without what `_lengthened` knows; the entry itself where it knows something else."""
    if entry.get("status") is None:
        return dict(entry)
    short = {name: value for name, value in entry.items() if name != "key"}
    implied = _implied(record, entry)
    if "recipient" in implied:
        short["recipient"] = short.get("recipient") or ""
    for name, value in implied.items():
        if short.get(name) == value:
            short.pop(name)
    if entry["status"] in _FETCHED and short.get("detail", {}).get("machine") is False:
        short["detail"] = {name: value for name, value in short["detail"].items() if name != "machine"}
        if not short["detail"]:
            short.pop("detail")
    for mark in (None, *entry["key"].split("/")[-1:], *entry["key"].split("/")[2:3]):
        candidate = short if mark is None else short | {"mark": mark}
        if _lengthened(record, candidate) == entry:
            return candidate
    return dict(entry)


def _lengthened(record: _Plain, short: _Plain) -> _Plain:
    if "key" in short:
        return short
    entry = _implied(record, short) | {name: value for name, value in short.items() if name != "mark"}
    if entry.get("recipient") == "":
        entry.pop("recipient")
    if entry["status"] in _FETCHED:
        entry["detail"] = {"machine": False} | entry.get("detail", {})
    return {"key": _key(entry, short.get("mark", "")), **entry}


def _implied(record: _Plain, entry: _Plain) -> _Plain:
    """Return what an entry of this status has unless it says otherwise."""
    if entry["status"] in _OF_SES and "toEmail" in record:
        return {"recipient": record["toEmail"]}
    if entry["status"] == Status.SENT and "sesMessageId" in record:
        return {"detail": {"sesMessageId": record["sesMessageId"]}}
    return {}


def _key(entry: _Plain, mark: str) -> str:
    """Return an entry's key as usecases/sender/claim.py and domain/ses/outcomes.py make it."""
    status, attempt, at = entry["status"], str(entry.get("attempt", 1)), entry["at"]
    if status in (Status.SENDING, Status.DEFERRED):
        return f"mark/{attempt}/{mark or _FIRST_REVISION}/{status}"
    if status in _OF_SES:
        parts = (_OF_SES[status], attempt, entry.get("recipient"), at, mark)
        return "/".join(part for part in parts if part)
    return f"{status}/{attempt}"
