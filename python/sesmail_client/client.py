"""Ask the engine for emails: each request is checked, gets an id, and is put on the engine's bus."""

from __future__ import annotations

import hashlib
import json
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import boto3
from botocore.config import Config

from sesmail_client.errors import InvalidEmailError, NotAcceptedError, Refused
from sesmail_client.request_types import EmailRequest, UnsubscribeDetail
from sesmail_client.schema_check import SchemaCheck, load_schema

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

DEFAULT_BUS = "sesmailengine-EmailBus"
# Of one call: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
ENTRIES_PER_CALL = 10
BYTES_PER_CALL = 256 * 1024
# What EventBridge adds to an entry: its envelope, at most about this many bytes.
_ENVELOPE_BYTES = 1024
# Room that the engine keeps in a message for its own notes.
_ENGINES_KB = 4
# The others are final, such as a source that the caller's policy does not allow.
_RETRYABLE = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})
# botocore's own are 60 seconds each, longer than a producer's request or function. Its standard mode makes three
# attempts: a repeat has the same ids, so what an attempt without an answer has put on the bus stays one email.
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
_LIMITS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard"})


class Email(EmailRequest, total=False):
    """One email: a request, or a request with `about` in place of `email_id`."""

    about: str | None
    """What the email is about, such as `order-4711 confirmation`: the same text is the same email, sent once."""


class Unsubscription(UnsubscribeDetail, total=False):
    """Whom you mail no more: the recipient of one of your emails, or an address, with or without a topic."""

    about: str | None
    """What the email was about, in place of `email_id`."""


@dataclass(frozen=True)
class _Event:
    """An event to put on the bus."""

    id: str
    detail: str

    @property
    def size_bytes(self) -> int:
        return len(self.detail.encode()) + _ENVELOPE_BYTES

    @property
    def digest(self) -> bytes:
        """Equal for equal emails, in whatever order their fields were given."""
        return hashlib.sha256(json.dumps(json.loads(self.detail), sort_keys=True).encode()).digest()


class SESMailClient:
    """A producer's access to the engine.

    `source` names the producer: its policy, caps and status events go by it. Keep one for each service. `events` is a
    boto3 client of EventBridge; the default one gives up an attempt after 5 s, and makes three. `tries` is how often an
    event is put on the bus in all, where EventBridge does not take it: 1 or more. `max_request_kb` is the engine's
    variable of that name.
    """

    def __init__(
        self,
        source: str,
        *,
        bus: str = DEFAULT_BUS,
        events: EventBridgeClient | None = None,
        tries: int = 5,
        max_request_kb: int = 256,
    ) -> None:
        if not source or source == "*":
            raise ValueError(f"source: found {source!r}; allowed: your service's name, such as shop.orders")
        if tries < 1:
            raise ValueError(f"tries: found {tries}; allowed: 1 or more")
        self.source = source
        self.bus = bus
        self._events: EventBridgeClient = boto3.client("events", config=_LIMITS) if events is None else events
        self._tries = tries
        self._max_bytes = (max_request_kb - _ENGINES_KB) * 1024
        self._check = SchemaCheck(load_schema("email-request.schema.json"))
        self._unsubscribe_check = SchemaCheck(load_schema("email-unsubscribe-requested.schema.json"))
        self._sleep: Callable[[float], None] = time.sleep

    def send(self, **email: Unpack[Email]) -> str:
        """Ask for one email; return its id.

        Without `email_id` and `about` the id is random: the client's own tries stay one email, a second call is a
        second one. Raises InvalidEmailError, NotAcceptedError, and what botocore raises.
        """
        event = self._event(email, random_id=True)
        self._put("Email Request", [event])
        return event.id

    def send_many(self, emails: Iterable[Email], *, progress: Callable[[int], None] | None = None) -> list[str]:
        """Ask for many emails, in batches of ten; return their ids in order.

        Each needs `email_id` or `about`, so that the whole call can be repeated after any error: what was accepted
        before stays one email. `progress` is called after each batch with the number accepted so far. Raises as `send`
        does; an error names the email by its place, as in `emails[17].to`.
        """
        ids: list[str] = []
        for batch in _batches(self._checked_events(emails)):
            self._put("Email Request", batch, already_accepted=len(ids))
            ids += [event.id for event in batch]
            if progress is not None:
                progress(len(ids))
        return ids

    def cancel(self, *, email_id: str | None = None, about: str | None = None, tag: str | None = None) -> None:
        """Ask for the cancellation of an email, or of all emails of this producer with a tag, that are not sent yet.

        Whether it came in time is in the status: `failed` with the error type `cancelled`, or `sent`.
        """
        if sum(given is not None for given in (email_id, about, tag)) != 1:
            raise InvalidEmailError("cancel", "none or several of them", "one of email_id, about and tag")
        properties = self._check.main["properties"]
        if tag is not None:
            tags = self._check.encode([tag], properties["tags"], "tag")
            detail = {"tag": tags[0]}
        else:
            found = _email_id(about, email_id, random_id=False)
            detail = {"emailId": self._check.encode(found, properties["emailId"], "email_id")}
        [name] = detail.values()
        self._put("Email Cancel Requested", [_Event(name, _json(detail))])

    def request_unsubscribe(self, **whom: Unpack[Unsubscription]) -> None:
        """Ask the engine to send no more of your bulk mail to a recipient who left on a page of yours.

        `email_id` or `about` names an email to the recipient, and with it the topic that is left. `email` names the
        address: with `topic` it leaves that topic, without it all of your bulk mail. Raises as `send` does.
        """
        given: dict[str, Any] = dict(whom)
        about = given.pop("about", None)
        check = self._unsubscribe_check
        detail = check.fields(given, check.main)
        named = [about is not None, "emailId" in detail, "email" in detail]
        if sum(named) != 1:
            found = "several of them" if any(named) else "none of them"
            raise InvalidEmailError("request_unsubscribe", found, "one of email_id, about and email")
        if about is not None:
            detail["emailId"] = _email_id(about, None, random_id=False)
        if "emailId" in detail and "topic" in detail:
            raise InvalidEmailError("topic", "one where the email names it", "with email alone")
        # An address is in no error.
        event_id = detail.get("emailId") or detail.get("topic") or ""
        self._put("Email Unsubscribe Requested", [_Event(event_id, _json(detail))])

    def _checked_events(self, emails: Iterable[Email]) -> Iterator[_Event]:
        digests: dict[str, bytes] = {}
        for number, email in enumerate(emails):
            try:
                event = self._event(email, random_id=False)
            except InvalidEmailError as error:
                raise InvalidEmailError(f"emails[{number}].{error.field}", error.found, error.allowed) from None
            # The engine would send the first alone, and record all others as conflicts.
            if digests.setdefault(event.id, event.digest) != event.digest:
                field = f"emails[{number}].{'email_id' if email.get('about') is None else 'about'}"
                raise InvalidEmailError(field, "that of another email in this call", "one for each email")
            yield event

    def _event(self, email: Email, *, random_id: bool) -> _Event:
        given: dict[str, Any] = dict(email)
        given["email_id"] = _email_id(given.pop("about", None), given.get("email_id"), random_id)
        detail = self._check.fields(given, self._check.main)
        _check_own_link(detail)
        event = _Event(detail["emailId"], _json(detail))
        if event.size_bytes > self._max_bytes:
            allowed = f"{self._max_bytes} (max_request_kb); give large attachments as s3_uri"
            raise InvalidEmailError("email", f"{event.size_bytes} bytes with EventBridge's envelope", allowed)
        return event

    def _put(self, detail_type: str, events: list[_Event], already_accepted: int = 0) -> None:
        left = events
        refused: list[Refused] = []
        for attempt in range(self._tries):
            if attempt:
                self._sleep(0.2 * 2**attempt * random.uniform(0.5, 1))
            answers = self._events.put_events(Entries=[self._entry(detail_type, event) for event in left])["Entries"]
            failed = [(event, answer) for event, answer in zip(left, answers, strict=True) if "ErrorCode" in answer]
            retryable = [event for event, answer in failed if answer["ErrorCode"] in _RETRYABLE]
            last = attempt == self._tries - 1
            refused += [
                Refused(event.id, answer["ErrorCode"], answer.get("ErrorMessage", ""))
                for event, answer in failed
                if last or answer["ErrorCode"] not in _RETRYABLE
            ]
            left = retryable
            if not left:
                break
        if refused:
            raise NotAcceptedError(refused, already_accepted + len(events) - len(refused))

    def _entry(self, detail_type: str, event: _Event) -> PutEventsRequestEntryTypeDef:
        return {
            "Source": self.source,
            "DetailType": detail_type,
            "EventBusName": self.bus,
            "Detail": event.detail,
        }


def id_about(about: str) -> str:
    """Return the id that `about` gives; the TypeScript client has the same.

    Ids are logged and take few characters. `about` may be any text: the id is a hash of it.
    """
    return f"about-{hashlib.sha256(about.encode()).hexdigest()[:32]}"


def _check_own_link(detail: Mapping[str, Any]) -> None:
    """Raise InvalidEmailError for a link of the engine's own page where the engine rejects it, or it stops nothing."""
    if detail.get("listUnsubscribe") is not True:
        return
    if detail.get("cc") or detail.get("bcc"):
        allowed = "with to alone, since all would get the link that unsubscribes to"
        raise InvalidEmailError("list_unsubscribe", "true with cc or bcc", allowed)
    if detail.get("priority") != "bulk":
        allowed = (
            "with priority='bulk', also where your producer's policy makes it bulk, or a url or mailto of your own"
        )
        raise InvalidEmailError("list_unsubscribe", "true in mail that is not bulk", allowed)


def _email_id(about: object, email_id: object, random_id: bool) -> object:
    if about is not None and email_id is not None:
        raise InvalidEmailError("about", "email_id as well", "one of the two")
    if about is not None:
        if not isinstance(about, str) or not about:
            raise InvalidEmailError("about", "no text", "a text that names the email")
        return id_about(about)
    if email_id is None and not random_id:
        raise InvalidEmailError("email_id", "nothing", "email_id or about, so that the call can be repeated")
    return str(uuid.uuid4()) if email_id is None else email_id


def _batches(events: Iterable[_Event]) -> Iterator[list[_Event]]:
    batch: list[_Event] = []
    size = 0
    for event in events:
        if batch and (len(batch) == ENTRIES_PER_CALL or size + event.size_bytes > BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event.size_bytes
    if batch:
        yield batch


def _json(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
