"""Dead letters: the queues, one queue's messages by cause, one message."""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.console import emails
from sesmail_cli.console.charts import sparkline
from sesmail_cli.console.view import Place, Route, View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.dead_letter_files import Inspected, document
from sesmail_cli.operator.dead_letter_groups import CauseGroup
from sesmail_cli.operator.dead_letter_reading import KEPT_SECONDS, DeadLetterReading
from sesmail_cli.operator.dead_letters import email_id_of, request_of
from sesmail_cli.operator.engine import BUS_DEAD_LETTER_QUEUE, DEAD_LETTER_QUEUE_OF, DEAD_LETTER_QUEUES, Engine
from sesmail_cli.operator.format import duration
from sesmail_cli.operator.overview import read_overview
from sesmail_cli.operator.redriving import LARGEST_READ, unsent
from sesmail_cli.web.server import Response

PLACE = Place("dead-letters", "Dead letters")
ABOUT = {
    BUS_DEAD_LETTER_QUEUE: "what the bus could not deliver to a queue",
    "EmailQueueDLQ": "transactional requests that failed on every try",
    "BulkQueueDLQ": "bulk requests that failed on every try",
    "RetryDLQ": "held and retried mail that failed on every try",
    "BulkRetryDLQ": "held and retried bulk mail that failed on every try",
    "FeedbackProcessorDLQ": "events from SES that could not be recorded",
}
_LARGEST_BODY = 60_000


class Readings:
    """What was read of each dead-letter queue while the console runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._readings: dict[str, DeadLetterReading] = {}
        self._lock = threading.Lock()
        self._known_url = ""
        # Where this fails, the page of a queue asks again, and shows the error.
        with suppress(BotoCoreError, ClientError):
            self._url(BUS_DEAD_LETTER_QUEUE)

    def of(self, queue: str, *, again: bool = False) -> DeadLetterReading:
        """Return what was read of a queue, which must be a dead-letter queue; what is too old is forgotten."""
        with self._lock:
            reading = self._readings.get(queue)
            old = reading is None or reading.read_at + KEPT_SECONDS < self._engine.clock.now()
            if reading is None or old or (again and not reading.hidden_seconds):
                reading = self._readings[queue] = DeadLetterReading(self._engine, queue, self._url(queue))
            return reading

    def _url(self, queue: str) -> str:
        """Return a queue's address. They differ by name only, so one is asked for."""
        self._known_url = self._known_url or self._engine.queue_url(BUS_DEAD_LETTER_QUEUE)
        return self._known_url.rpartition("/")[0] + "/" + self._engine.resource_name(queue)


class DeadLetterPages:
    """The pages of dead letters."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    @property
    def routes(self) -> tuple[Route, ...]:
        return (
            (PLACE.path, self.show_queues),
            (rf"{PLACE.path}/(\w+)", self.show),
            (rf"{PLACE.path}/(\w+)/([\w-]+)", self.show_message),
            (rf"{PLACE.path}/(\w+)/([\w-]+)\.json", self.download),
        )

    def show_queues(self, view: View) -> Response:
        seen = read_overview(view.engine, view.known)
        rows = [
            (queue, ABOUT.get(queue.name, ""), view.url(f"{PLACE.path}/{queue.name}"))
            for queue in seen.dead_letter_queues
        ]
        return view.page(
            "dead-letter-queues.html",
            place=PLACE.path,
            rows=rows,
            unread=seen.unread,
            duration=duration,
            sparkline=sparkline,
        )

    def show(self, view: View, queue: str) -> Response:
        """Show a queue's messages by cause. Reads some when none were read yet, or more of them are asked for.

        While what was read is hidden, to read again finds what is new.
        """
        if queue not in DEAD_LETTER_QUEUES:
            return view.page("missing.html", status=404)
        query = view.request.query
        reading = self._readings.of(queue, again="again" in query)
        more = ("more" in query and not reading.complete) or ("again" in query and reading.hidden_seconds)
        if not reading.read_at or more:
            reading.step()
        return view.page("dead-letters.html", place=PLACE.path, **_values(view, queue, reading))

    def show_message(self, view: View, queue: str, message_id: str) -> Response:
        message, found = self._message(queue, message_id)
        request = request_of(message)
        email_id = email_id_of(request) if request and queue != DEAD_LETTER_QUEUE_OF["FeedbackQueue"] else None
        shown = document(message, found)
        parsed = shown.pop("json")
        body = json.dumps(parsed, indent=2, ensure_ascii=False) if parsed is not None else message.body
        return view.page(
            "dead-letter.html",
            place=PLACE.path,
            queue=queue,
            message_id=message_id,
            found=found,
            age=duration(found.age_seconds),
            body=body[:_LARGEST_BODY],
            cut=max(0, len(body) - _LARGEST_BODY),
            attributes=[(name, value) for name, value in sorted(message.attributes.items())],
            email_id=email_id,
            email_href=_url_of_email(view, email_id) if email_id else None,
            command=view.command("redrive", queue, "--show", message_id),
        )

    def download(self, _view: View, queue: str, message_id: str) -> Response:
        """Answer with what `sesmail redrive --save` writes for a message."""
        text = json.dumps(document(*self._message(queue, message_id)), indent=2)
        name = re.sub(r"[^\w-]", "_", message_id)
        return Response(
            text, "application/json", headers={"Content-Disposition": f'attachment; filename="{name}.json"'}
        )

    def _message(self, queue: str, message_id: str) -> Inspected:
        if queue not in DEAD_LETTER_QUEUES:
            raise UsageError(f"There is no dead-letter queue '{queue}'.")
        for one in self._readings.of(queue).inspection.found:
            if one[0].message_id == message_id:
                return one
        raise UsageError(f"This message was not read, or was read some time ago: open {queue}, and read it again.")


def _url_of_email(view: View, email_id: str) -> str:
    """Return the address of an email's page; an id from outside may have slashes, or be no Unicode."""
    return view.base + f"{emails.PLACE.path}/{quote(email_id, safe='', errors='replace')}"


def _values(view: View, queue: str, reading: DeadLetterReading) -> dict[str, Any]:
    inspection = reading.inspection
    path = f"{PLACE.path}/{queue}"
    total = len(inspection.found)
    return {
        "queue": queue,
        "about": ABOUT.get(queue, ""),
        "groups": [_group(view, queue, group) for group in inspection.groups],
        "total": total,
        "movable": len(inspection.movable),
        "unsent": unsent(inspection.found),
        "complete": reading.complete,
        "is_largest": total >= LARGEST_READ,
        "more": None if reading.complete or total >= LARGEST_READ else view.url(path, more="yes"),
        "again": view.url(path, again="yes"),
        "read_ago": duration(view.engine.clock.now() - reading.read_at),
        "command": view.command("redrive", queue, "--dry-run"),
        "move_command": view.command("redrive", queue),
    }


def _group(view: View, queue: str, group: CauseGroup) -> dict[str, Any]:
    return {
        "cause": group.cause,
        "count": group.count,
        "oldest": duration(group.oldest_seconds),
        "why": group.why,
        "movable": group.movable,
        "targets": ", ".join(group.targets),
        "stays": list(group.stays.items()),
        "may_be_deleted": "; ".join(group.may_be_deleted),
        "examples": [(one, view.url(f"{PLACE.path}/{queue}/{one.message_id}")) for one in group.examples],
        "more": group.count - len(group.examples),
    }
