"""The tools of an agent: what one producer may do, and no more. They know nothing of MCP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypedDict

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.agent import verdicts
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.failures import aws_cause
from sesmail_cli.operator.format import SUPPRESSION_REASONS
from sesmail_cli.templates.files import TemplatesNotFoundError
from sesmail_cli.templates.installed_template import load_installed
from sesmail_client import InvalidEmailError, NotAcceptedError, SESMailClient
from sesmail_layer.domain.errors import PermanentError, TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.claims import never_reached_ses
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.template.files import METADATA
from sesmail_layer.domain.template.templates import TemplateMetadata
from sesmail_layer.usecases.cancel import record_key

_MOST_TEMPLATES = 100
_POLL_SECONDS = 0.5
# With these variables the starter templates let a request choose who an email is from.
_SENDER = ("senderEmail", "senderDisplayName")


class ToolFailure(Exception):
    """A call that did nothing; the message says what to do, to an agent."""


class TemplateInfo(TypedDict):
    template: str
    description: str
    required: list[str]
    optional: list[str]


class PreviewInfo(TypedDict):
    subject: str
    text: str
    htmlBytes: int


class EmailInfo(TypedDict):
    """What became of an email. `status` is null before the engine has taken the request up."""

    emailId: str
    status: str | None
    reason: str | None
    until: str | None
    errorType: str | None
    errorMessage: str | None
    whatToDo: str


class SuppressionInfo(TypedDict):
    suppressed: bool
    reason: str | None
    whatToDo: str


class AgentTools:
    """The tools of one producer. `wait_seconds` is how long a call waits for the engine's verdict."""

    def __init__(self, engine: Engine, producer: str, *, wait_seconds: float) -> None:
        """Raises UsageError for a producer without a policy, and TransientError."""
        self._engine = engine
        self._producer = producer
        self._wait_seconds = wait_seconds
        self._client = SESMailClient(producer, bus=engine.resource_name("EmailBus"), events=engine.events)
        policy = self._read_policy()
        if policy is None:
            raise UsageError(
                f"Producer '{producer}' has no policy, so nothing would limit an agent. Add it to 'producers' in "
                "Terraform with templates, senders, emails_per_day and first_contacts_per_hour."
            )
        if missing := _missing_limits(policy):
            raise UsageError(
                f"The policy of producer '{producer}' does not limit an agent: it lacks {', '.join(missing)}. Add this "
                "to 'producers' in Terraform."
            )

    def list_templates(self) -> list[TemplateInfo]:
        policy = self._policy()
        names = [name for name in self._installed_names() if _allows(policy, self._producer, name)]
        return [self._template_info(name) for name in names[:_MOST_TEMPLATES]]

    def preview_email(self, template: str, data: Mapping[str, Any], locale: str | None) -> PreviewInfo:
        self._check_policy(template, [])
        _check_data(data)
        request = {"to": "preview@example.com", "templateName": template, "templateData": data, "locale": locale}
        try:
            email = load_installed(self._engine, template).render(request)
        except PermanentError as error:
            raise ToolFailure(f"{error.message}. Correct the data; list_templates has the variables.") from error
        except (TemplatesNotFoundError, UsageError) as error:
            raise ToolFailure(f"{error}. Choose one of list_templates.") from error
        subject = dict(email.headers)["Subject"]
        return PreviewInfo(subject=subject, text=email.text, htmlBytes=len(email.html.encode()))

    def send_email(
        self, email_id: str, to: str, template: str, data: Mapping[str, Any], locale: str | None
    ) -> EmailInfo:
        request = {"emailId": email_id, "to": to, "templateName": template, "templateData": data, "locale": locale}
        try:
            parsed, _ = parse_request(request, now=self._engine.clock.now())
        except PermanentError as error:
            raise ToolFailure(f"{error.message} Nothing was sent: correct this field.") from error
        self._check_policy(template, [parsed.to])
        _check_data(data)
        before = self._record(email_id)
        # A rejected request has no fingerprint, and leaves its id free for a corrected one.
        if before is not None and (before.fingerprint or not never_reached_ses(before)):
            return {**_info(email_id, before), "whatToDo": f"{verdicts.USED_BEFORE} {verdicts.next_step(before)}"}
        with _put_failures():
            self._client.send(email_id=email_id, to=to, template_name=template, template_data=dict(data), locale=locale)
        return self._verdict(email_id, before, lambda record: record.status is not Status.SENDING)

    def email_status(self, email_id: str) -> EmailInfo:
        return _info(email_id, self._own_record(email_id))

    def is_suppressed(self, address: str) -> SuppressionInfo:
        try:
            key = address_key(parse_address(address))
        except AddressError as error:
            raise ToolFailure(f"address: found no email address: {error}") from error
        entry = self._engine.suppression.get_many([key]).get(key)
        if entry is None:
            return SuppressionInfo(suppressed=False, reason=None, whatToDo="The address may get mail.")
        bulk_only = entry.reason is SuppressionReason.UNSUBSCRIBE
        advice = (
            "Newsletters and other bulk mail do not go there; an answer to this person does."
            if bulk_only
            else "Send nothing there: it would fail. Remove the address from your record, and do not guess another one."
        )
        return SuppressionInfo(suppressed=True, reason=SUPPRESSION_REASONS[entry.reason], whatToDo=advice)

    def cancel_email(self, email_id: str) -> EmailInfo:
        record = self._record(email_id)
        # Without a record its request may be on its way: the engine keeps the cancellation, and it is not sent.
        if record is None or record.status in verdicts.WAITING:
            # By the event: the engine lets a producer cancel its own emails only.
            with _put_failures():
                self._client.cancel(email_id=email_id)
            answer = self._verdict(email_id, None, lambda record: record.status not in verdicts.WAITING)
            is_open = answer["status"] in (None, *verdicts.WAITING)
            return {**answer, "whatToDo": verdicts.CANCEL_REQUESTED} if is_open else answer
        if record.status is Status.FAILED:
            return _info(email_id, record)
        late = "SES has it: it cannot be cancelled any more. Tell a person if it was wrong."
        return {**_info(email_id, record), "whatToDo": late}

    # --- the engine ---------------------------------------------------------------------------------------------------

    def _verdict(
        self, email_id: str, before: TrackingRecord | None, is_decided: Callable[[TrackingRecord], bool]
    ) -> EmailInfo:
        """Wait for the engine to decide on an email that had the record `before`; return what is known in the end."""
        clock = self._engine.clock
        end = clock.now() + self._wait_seconds
        while True:
            try:
                record = self._record(email_id)
            except (TransientError, ClientError, BotoCoreError):
                # The event is on the bus: an error would read as if it were not.
                return _info(email_id, None)
            decided = record is not None and record != before and is_decided(record)
            if decided or clock.now() >= end:
                return _info(email_id, record if record != before else None)
            clock.sleep(_POLL_SECONDS)

    def _record(self, email_id: str) -> TrackingRecord | None:
        return record_key(self._engine.tracking, email_id, self._producer)[1]

    def _own_record(self, email_id: str) -> TrackingRecord:
        record = self._record(email_id)
        if record is None:
            raise ToolFailure("This producer has no email with this emailId (a new one takes some seconds).")
        return record

    def _read_policy(self) -> ProducerPolicy | None:
        return self._engine.states.producers([self._producer]).policies.get(self._producer)

    def _policy(self) -> ProducerPolicy:
        """Read the policy again: Terraform may have changed it since the last call."""
        if (policy := self._read_policy()) is None:
            raise ToolFailure("This producer has no policy any more. Tell a person.")
        if missing := _missing_limits(policy):
            raise ToolFailure(f"This producer's policy lacks {', '.join(missing)}, so nothing is sent. Tell a person.")
        return policy

    def _check_policy(self, template: str, recipients: list[str]) -> None:
        try:
            self._policy().check_request(self._producer, template, recipients)
        except PermanentError as error:
            raise ToolFailure(
                f"{error.message}. Nothing was sent, and no other form of it is allowed: tell a person what you wanted "
                "to send, and why."
            ) from error

    def _installed_names(self) -> Iterator[str]:
        pages = self._engine.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._engine.template_bucket, Prefix="templates/"
        )
        for page in pages:
            for entry in page.get("Contents", []):
                _, _, path = entry["Key"].partition("templates/")
                if path.endswith(f"/{METADATA}"):
                    yield path.removesuffix(f"/{METADATA}")

    def _template_info(self, name: str) -> TemplateInfo:
        key = f"templates/{name}/{METADATA}"
        content = self._engine.s3.get_object(Bucket=self._engine.template_bucket, Key=key)["Body"].read()
        try:
            metadata = msgspec.json.decode(content, type=TemplateMetadata)
        except msgspec.DecodeError:
            return TemplateInfo(template=name, description="Cannot be read: tell a person.", required=[], optional=[])
        not_asked = {*self._engine.brand, *_SENDER}
        return TemplateInfo(
            template=name,
            description=metadata.description,
            required=[variable for variable in metadata.required_variables if variable not in not_asked],
            optional=[variable for variable in metadata.optional_variables if variable not in _SENDER],
        )


def failure_of_aws(error: BotoCoreError | ClientError | TransientError) -> ToolFailure:
    """Return what an agent reads where AWS failed before anything was requested."""
    return ToolFailure(f"Tell a person: AWS failed ({_aws_reason(error)}). Nothing was sent or changed.")


def _info(email_id: str, record: TrackingRecord | None) -> EmailInfo:
    return EmailInfo(
        emailId=email_id,
        status=record.status.value if record else None,
        reason=record.defer_reason if record and record.status is Status.DEFERRED else None,
        until=verdicts.until(record) if record else None,
        errorType=record.error_type if record else None,
        errorMessage=record.error_message if record else None,
        whatToDo=verdicts.next_step(record) if record else verdicts.NOT_TAKEN_UP,
    )


def _missing_limits(policy: ProducerPolicy) -> list[str]:
    """Name what the policy of an agent needs and does not set."""
    needed = {
        "templates": bool(policy.templates),
        "senders": bool(policy.senders),
        "emails_per_day or first_contacts_per_hour": policy.is_capped,
    }
    return [name for name, is_set in needed.items() if not is_set]


def _check_data(data: Mapping[str, Any]) -> None:
    if named := [name for name in _SENDER if name in data]:
        raise ToolFailure(
            f"data names {' and '.join(named)}: the sender is not yours to choose. Nothing was sent: leave it out. If "
            "the template requires it, tell a person."
        )


def _allows(policy: ProducerPolicy, producer: str, template: str) -> bool:
    try:
        policy.check_request(producer, template, [])
    except PermanentError:
        return False
    return True


def _not_taken(error: NotAcceptedError) -> ToolFailure:
    codes = ", ".join(sorted({each.code for each in error.refused}))
    return ToolFailure(f"EventBridge did not take it ({codes}), so nothing was done. Tell a person.")


@contextmanager
def _put_failures() -> Iterator[None]:
    """Raise ToolFailure where an event was not put on the bus, or where that is not known."""
    try:
        yield
    except InvalidEmailError as error:
        raise ToolFailure(f"{error}. Nothing was sent: correct this field.") from error
    except NotAcceptedError as error:
        raise _not_taken(error) from error
    except (BotoCoreError, ClientError) as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"] if isinstance(error, ClientError) else 500
        if status < 500:
            raise
        raise ToolFailure(
            f"AWS failed ({_aws_reason(error)}). It is not known whether the request was taken: look at email_status "
            "in a minute, and tell a person if the email is not there. Do not request it under another emailId."
        ) from error


def _aws_reason(error: BotoCoreError | ClientError | TransientError) -> str:
    """Name operation and code, no more: what to do about them is for people, and messages may contain data."""
    cause = aws_cause(error)
    if isinstance(cause, ClientError):
        return f"{cause.operation_name}: {cause.response['Error']['Code']}"
    return type(cause or error).__name__
