"""Capture the sender's AWS calls once, for the minimal pipeline to repeat with fixed payloads."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from botocore import xform_name

from localcloud.engine import Engine
from sesmail_layer.aws import clients
from tools.bench.minimal.handler import Call

BATCH = 10


class Recorder:
    """Records every call of clients that are created after it, with the calling thread."""

    def __init__(self) -> None:
        clients.session.cache_clear()
        clients.session().register("before-parameter-build.*.*", self._note)
        self.calls: list[tuple[int, Call]] = []

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        call = (model.service_model.service_name, xform_name(model.name), dict(params))
        self.calls.append((threading.get_ident(), call))

    def counts(self) -> Counter[str]:
        return Counter(f"{service}:{operation}" for _, (service, operation, _) in self.calls)


def capture(recorder: Recorder, send: Callable[[], object]) -> dict[str, list[Call]]:
    """Return the calls of one batch that `send` sends, for the minimal pipeline."""
    recorder.calls.clear()
    send()
    return split(recorder.calls)


def split(calls: Sequence[tuple[int, Call]]) -> dict[str, list[Call]]:
    """Split a batch's calls, each with its thread: before its emails, by one of them, after them.

    The threads of the emails are those that record one as sent. What comes after them may be in any thread.
    """
    records = [index for index, (_, call) in enumerate(calls) if _is_record_of_sending(call)]
    if not records:
        raise ValueError(f"none of {len(calls)} calls records an email as sent")
    of_emails = {calls[index][0] for index in records}
    first = next(index for index, (thread, _) in enumerate(calls) if thread in of_emails)
    one = calls[records[0]][0]
    each = [call for thread, call in calls[: records[0] + 1] if thread == one]
    after = [call for _, call in calls[records[-1] + 1 :]]
    return {
        "before": _warm([_steady(call) for _, call in calls[:first]]),
        "each": each,
        "after": [_steady(call) for call in after],
    }


def _is_record_of_sending(call: Call) -> bool:
    return call[1] == "put_item" and call[2]["Item"].get("status") == {"S": "sent"}


def _warm(calls: list[Call]) -> list[Call]:
    """Drop the calls that a container makes once in several seconds: policies, quota, template."""
    return [
        call
        for call in calls
        if call[0] != "s3"
        and not (call[1] == "get_item" and call[2]["Key"] == {"pk": {"S": "quota"}})
        and not (call[1] == "batch_get_item" and any(name.endswith("-Control") for name in call[2]["RequestItems"]))
    ]


def _steady(call: Call) -> Call:
    """Return an update without its condition and values, which are true only at the captured moment."""
    service, operation, params = call
    if operation != "update_item":
        return call
    update = params["UpdateExpression"]
    values = {name: value for name, value in params["ExpressionAttributeValues"].items() if name in update}
    dropped = ("ConditionExpression", "ReturnValuesOnConditionCheckFailure")
    kept = {name: value for name, value in params.items() if name not in dropped}
    return service, operation, kept | {"ExpressionAttributeValues": values}


def feedback(engine: Engine, email_id: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return what the minimal feedback function writes: a delivered email's item and one status event."""
    table = engine.outputs["email_tracking_table_name"]
    found = engine.dynamodb.get_item(TableName=table, Key={"emailId": {"S": email_id}}, ConsistentRead=True)
    detail = json.dumps({**json.loads(entry["Detail"]), "status": "delivered", "previousStatus": "sent"})
    delivered = {**entry, "Detail": detail}
    return {"table": table, "pending": f"{engine.name}-Pending", "item": found["Item"], "entry": delivered}


def save(path: Path, payloads: dict[str, Any]) -> None:
    path.write_text(json.dumps(payloads, default=_marked))


def _marked(value: Any) -> dict[str, str]:
    return {"base64": base64.b64encode(bytes(value)).decode()}
