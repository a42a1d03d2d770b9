"""The deployed engine with what only tests do to it: publish SES events, inject faults, purge queues."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from localcloud.engine import QUEUES, Engine


class EngineUnderTest(Engine):
    """A deployed engine and the controls of its emulator."""

    _redelivery_seconds: float | None = None

    @property
    def final_status(self) -> str:
        """The last status of an ordinary email: LocalStack's SES publishes no Delivery event."""
        return "delivered" if self.emulator.has_full_ses else "sent"

    def put_email_request_and_wait(self, to: str, status: str = "", **fields: Any) -> dict[str, Any]:
        """Put one request on the bus; return its record once it has the status, `final_status` by default."""
        return self.wait_for_status(self.put_email_request(to, **fields), status or self.final_status)

    def publish_ses_event(self, event: Mapping[str, Any] | str) -> None:
        """Publish an SES event, or a plain text, to the feedback topic."""
        text = event if isinstance(event, str) else json.dumps(event)
        self.sns.publish(TopicArn=self.outputs["ses_feedback_topic_arn"], Message=text)

    def change_environment(self, function: str, **variables: str) -> None:
        """Change variables of a function by hand, as an operator might."""
        name = f"{self.name}-{function}"
        found = self.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        self.functions.update_function_configuration(FunctionName=name, Environment={"Variables": found | variables})

    def purge(self, *queues: str) -> None:
        """Empty queues, such as dead-letter queues that a test filled on purpose."""
        for queue in queues:
            self.sqs.purge_queue(QueueUrl=self.queue_url(queue))

    # --- the emulator (`localcloud/ses/control.py`) --------------------------------------------------------------

    def inject_fault(self, kind: str, **options: Any) -> None:
        """Make the emulated SES fail: the next request, or as the options say."""
        self.emulator.request("POST", "_sesmail/faults", {"kind": kind, **options})

    def clear_faults(self) -> None:
        self.emulator.request("DELETE", "_sesmail/faults")

    def configure_ses(self, **settings: Mapping[str, Any]) -> None:
        """Change the emulated SES's `quota` or `events`."""
        self.emulator.request("PATCH", "_sesmail/settings", settings)

    def release_events(self) -> None:
        """Publish the SES events that were held."""
        self.emulator.request("POST", "_sesmail/release", {})

    @contextmanager
    def redelivery_after(self, seconds: float | None) -> Iterator[None]:
        """Make SQS redeliver what ended batches leave after these seconds; None: after the visibility timeout.

        A block in another one ends with the other's seconds, which then count for what it left.
        """
        before, self._redelivery_seconds = self._redelivery_seconds, seconds
        self._set_redelivery()
        try:
            yield
        finally:
            self._redelivery_seconds = before
            self._set_redelivery()

    @contextmanager
    def receives_before_a_dead_letter(self, most: int) -> Iterator[None]:
        """Let the queues deliver a message more often before it is a dead letter.

        A shortened redelivery uses up in a minute what lasts for an hour in production: on a loaded machine, messages
        that no batch has time for would be dead letters before the load is over.
        """
        before = {queue: self._redrive_policy(queue) for queue in QUEUES}
        try:
            for queue, policy in before.items():
                self._set_redrive_policy(queue, policy | {"maxReceiveCount": most})
            yield
        finally:
            for queue, policy in before.items():
                self._set_redrive_policy(queue, policy)

    def _redrive_policy(self, queue: str) -> dict[str, Any]:
        url = self.queue_url(queue)
        asked = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        policy: dict[str, Any] = json.loads(asked["Attributes"]["RedrivePolicy"])
        return policy

    def _set_redrive_policy(self, queue: str, policy: Mapping[str, Any]) -> None:
        attributes = cast("Any", {"RedrivePolicy": json.dumps(policy)})
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url(queue), Attributes=attributes)

    def _set_redelivery(self) -> None:
        self.emulator.request("POST", "_sesmail/redelivery", {"seconds": self._redelivery_seconds})
