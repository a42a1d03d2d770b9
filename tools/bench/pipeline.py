"""Measure emails per second from the bus to the `delivered` event.

The engine is compared to the minimal pipeline, and batches of ten to batches of one. All run on the same deployment:
same queues, tables, topic and concurrency. Only the functions' code is exchanged.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from localcloud.engine import DEFAULT_NAME, Engine
from localcloud.subscriber import StatusSubscriber
from tools.bench import payloads
from tools.bench.engine import email_requests
from tools.bench.ratios import Ratio, alternate

FUNCTIONS = {"EmailSender": "email_sender", "FeedbackProcessor": "feedback_processor"}
BATCHED = ("EmailQueue", "FeedbackQueue")
WARMING = 100
WARMING_TRIES = 3
SHARE = 0.95
"""Of the emails, measured: on a busy machine a call may time out, and its email waits a minute for its retry."""
LONGEST_SECONDS = 60.0
"""What is not delivered by then counts against the rate."""


class NothingDelivered(RuntimeError):
    """Not one email was delivered in time."""


class Pipeline:
    """The deployed functions with either code, and a subscriber that counts delivered emails.

    Not all status events: on a busy machine SES's Delivery event is recorded before the sender records `sent`, which is
    then no transition any more.
    """

    def __init__(self, engine: Engine, package: Path, calls: Mapping[str, Any]) -> None:
        self._engine = engine
        self._package = package
        self._calls = calls
        self._code = ""
        self._size = 0
        name = f"{engine.name}-bench"
        bus = engine.outputs["event_bus_name"]
        subscriber = StatusSubscriber(engine.events, engine.sqs, bus, DEFAULT_NAME, name, statuses=("delivered",))
        self.remove = subscriber.remove
        self._queue = engine.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def minimal_code(self) -> bytes:
        """Return the archive of the minimal handler with the captured calls and one delivered email's item."""
        email_id = self._engine.put_email_request(to="reader@example.org")
        self._engine.wait_for_status(email_id, "delivered", seconds=60)
        published = [call[2]["Entries"][0] for call in self._calls["after"] if call[1] == "put_events"]
        if not published:
            raise RuntimeError("the captured batch published no status event after its emails")
        feedback = payloads.feedback(self._engine, email_id, published[0])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("handler.py", (Path(__file__).parent / "minimal" / "handler.py").read_text())
            opened.writestr("payloads.json", json.dumps({**self._calls, "feedback": feedback}))
        return archive.getvalue()

    def engine(self) -> None:
        """Deploy the engine's code."""
        self._exchange(
            "engine", {name: (self._package / f"{file}.zip").read_bytes() for name, file in FUNCTIONS.items()}
        )

    def minimal(self, code: bytes) -> None:
        """Deploy the minimal pipeline's code."""
        self._exchange("minimal", dict.fromkeys(FUNCTIONS, code))

    def batches_of(self, size: int) -> None:
        """Set the number of messages in a batch."""
        if size == self._size:
            return
        self._size = size
        for queue in BATCHED:
            arn = self._engine.sqs.get_queue_attributes(
                QueueUrl=self._engine.queue_url(queue), AttributeNames=["QueueArn"]
            )["Attributes"]["QueueArn"]
            for mapping in self._engine.functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]:
                self._engine.functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=size)

    def rate(self, emails: int) -> float:
        """Return emails per second, from the first on the bus to the time when most are delivered."""
        self._engine.sqs.purge_queue(QueueUrl=self._queue)
        requests = email_requests(emails)
        started = time.perf_counter()
        self._engine.put_email_requests(requests)
        while (delivered := self._delivered()) < SHARE * emails:
            if time.perf_counter() - started > LONGEST_SECONDS:
                break
            time.sleep(0.05)
        if not delivered:
            raise NothingDelivered(f"none of {emails} emails was delivered in {LONGEST_SECONDS:.0f} s")
        return delivered / (time.perf_counter() - started)

    def _delivered(self) -> int:
        asked = self._engine.sqs.get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(asked["Attributes"]["ApproximateNumberOfMessages"])

    def _exchange(self, code: str, archives: Mapping[str, bytes]) -> None:
        if code == self._code:
            return
        self._code = code
        self._engine.wait_until_idle(queues=BATCHED)
        for name, archive in archives.items():
            self._engine.functions.update_function_code(FunctionName=f"{self._engine.name}-{name}", ZipFile=archive)
        self._warm()

    def _warm(self) -> None:
        """Start the functions. On a busy machine many containers start slowly, and the first messages come again."""
        for _ in range(WARMING_TRIES - 1):
            with suppress(NothingDelivered):
                self.rate(WARMING)
                return
            self._engine.wait_until_idle(seconds=300, queues=BATCHED)
        self.rate(WARMING)


def measure(engine: Engine, package: Path, calls: Mapping[str, Any], rounds: int, emails: int) -> tuple[Ratio, Ratio]:
    """Return the ratios engine ÷ minimal pipeline, and batches of ten ÷ batches of one."""
    engine.emulator.request("PATCH", "_sesmail/settings", {"quota": {"max_24_hour_send": 1e9}})
    pipeline = Pipeline(engine, package, calls)
    code = pipeline.minimal_code()

    def with_code(exchange: Callable[[], None]) -> Callable[[], float]:
        def run() -> float:
            exchange()
            return pipeline.rate(emails)

        return run

    def with_batches_of(size: int) -> Callable[[], float]:
        def run() -> float:
            pipeline.batches_of(size)
            return pipeline.rate(emails)

        return run

    try:
        end_to_end = alternate(rounds, with_code(pipeline.engine), with_code(lambda: pipeline.minimal(code)))
        pipeline.engine()
        batches = alternate(rounds, with_batches_of(10), with_batches_of(1))
    finally:
        pipeline.engine()
        pipeline.batches_of(10)
        pipeline.remove()
    return (
        Ratio(
            key="end_to_end",
            what="emails per second, end to end",
            against="a minimal pipeline that makes the same AWS calls with fixed payloads",
            unit="emails/s",
            target=0.95,
            at_most=False,
            rounds=end_to_end,
        ),
        Ratio(
            key="batches",
            what="emails per second in batches of ten",
            against="in batches of one",
            unit="emails/s",
            target=2.5,
            at_most=False,
            rounds=batches,
        ),
    )
