"""AWS clients, each created by botocore when it is first used, with time-outs that their function can afford.

boto3 would add resources and transfers that the adapters do not need to every cold start: an S3 client then takes
twice as long.

botocore waits 60 seconds for a connection and 60 for an answer, five times: one silent server would end the whole
invocation. https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

LONGEST_FUNCTION_SECONDS = 60.0
"""Of the functions' time-outs: one that leaves every limit as it is."""
_LEAST_READ_SECONDS = 2.0


class Limits(NamedTuple):
    """How long a service is waited for, and how often it is asked, in a function of any length."""

    connect_seconds: float
    read_seconds: float
    attempts: int
    share: float = 1 / 3
    """Of the function's time-out: what one call may take of it."""

    def within(self, function_seconds: float) -> Limits:
        """Return fewer attempts, and then less time for an answer, where a call would take more than its share."""
        seconds = self.share * function_seconds - 1
        attempts = max(1, min(self.attempts, int(seconds // self.read_seconds)))
        read_seconds = max(_LEAST_READ_SECONDS, min(self.read_seconds, seconds))
        return self._replace(read_seconds=read_seconds, attempts=attempts)

    @property
    def call_seconds(self) -> float:
        """How long a call takes that no server answers: a second for connecting, or for the pause between attempts."""
        return self.attempts * self.read_seconds + 1


# Five seconds in all for a server that never answers: the feedback processor has fifteen, and two such calls of a batch
# leave it the time to requeue its messages, which is the further attempt.
_SMALL_ANSWERS = Limits(1, 2, 2)
_LIMITS = {
    # The states of alarms: looked at again within minutes.
    "cloudwatch": Limits(1, 2, 1),
    "dynamodb": _SMALL_ANSWERS,
    "events": _SMALL_ANSWERS,
    # What cannot be put on a queue costs its message a receive.
    "sqs": Limits(1, 2, 3, share=0.6),
    "sns": _SMALL_ANSWERS,
    "ssm": _SMALL_ANSWERS,
    "s3": Limits(2, 5, 2, share=0.5),
    # SES's quota: the engine goes on with the last answer. `SesClients` are for sending.
    "ses": Limits(2, 3, 1, share=0.5),
    "sesv2": Limits(2, 3, 1, share=0.5),
}
SERVICES = frozenset(_LIMITS)
# Below the times after which AWS's servers close a connection without calls.
IDLE_SECONDS = 20.0
# Written by scripts/service_models.py into the built layer; a source tree has none.
_MODELS = Path(__file__).with_name("models")
# A session may not be used by two threads at once, its clients may.
_CREATING = threading.Lock()


@cache
def session() -> Any:
    """Return the container's only session; region, credentials and endpoint come from the environment, as in boto3."""
    created = botocore.session.get_session()
    if _MODELS.is_dir():
        created.register_component("data_loader", _ServiceModels([str(_MODELS)]))
    return created


class _ServiceModels(Loader):
    """The layer's reduced copies of botocore's data; what they do not contain is read from botocore.

    https://botocore.amazonaws.com/v1/documentation/api/latest/reference/loaders.html
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        """Name the layer's services, without a look into the folder of each of AWS's 400."""
        return sorted(SERVICES)

    def is_builtin_path(self, path: str) -> bool:  # noqa: ARG002 - botocore's
        """Return True: botocore would ignore its rules for endpoints if these were an operator's own."""
        return True


def limits_of(service: str, function_seconds: float = LONGEST_FUNCTION_SECONDS) -> Limits:
    """Return a service's limits in a function that is cut off after so many seconds."""
    return _LIMITS[service].within(function_seconds)


def client(
    service: str,
    function_seconds: float = LONGEST_FUNCTION_SECONDS,
    *,
    config: Config | None = None,
    prepare: Callable[[Any], None] | None = None,
) -> Any:
    """Return a client with the service's limits, or those of `config`; the adapter that takes it declares its type.

    `function_seconds` is the function's time-out. `prepare` is called with the botocore client when that is created.
    """
    limits = limits_of(service, function_seconds)
    merged = Config(
        connect_timeout=limits.connect_seconds,
        read_timeout=limits.read_seconds,
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        tcp_keepalive=True,
    ).merge(config or Config())
    return _Client(service, merged, prepare)


class _Client:
    """A botocore client, created by the first access to one of its attributes."""

    def __init__(self, service: str, config: Config, prepare: Callable[[Any], None] | None) -> None:
        self._service = service
        self._config = config
        self._prepare = prepare
        self._created: Any = None

    def __getattr__(self, name: str) -> Any:
        with _CREATING:
            if self._created is None:
                self._created = session().create_client(self._service, config=self._config)
                _Connections(self._created)
                if self._prepare:
                    self._prepare(self._created)
        return getattr(self._created, name)


class _Connections:
    """Closes a client's connections before one is used that may have been idle for more than IDLE_SECONDS.

    Lambda stops the container between invocations. What a server closes meanwhile looks open, and the next call on it
    ends without an answer: SES's one attempt leaves unknown whether the email was sent, and the two attempts of others
    meet two such connections after a batch. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

    urllib3 gives a call the connection that was used last, so there are as many as there were calls at once, and all
    were in use when there last were as many. Calls under way keep their connections (urllib3 from 1.26.16).
    """

    def __init__(self, created: Any) -> None:
        self._close = created.close
        self._counting = threading.Lock()
        self._calls = self._most_calls = 0
        self._all_used_at = 0.0
        created.meta.events.register("before-send", self._count)
        created.meta.events.register("response-received", self._uncount)

    def _count(self, **_: Any) -> None:
        now = time.time()  # The monotonic clock may stand still with the container.
        with self._counting:
            if abs(now - self._all_used_at) > IDLE_SECONDS:
                self._close()
                self._most_calls = 0
            self._calls += 1
            if self._calls >= self._most_calls:
                self._most_calls, self._all_used_at = self._calls, now

    def _uncount(self, **_: Any) -> None:
        """Count an attempt as ended, with an answer or without."""
        with self._counting:
            self._calls -= 1


# --- SES's clients that send --------------------------------------------------------------------------------------

# botocore has its time-outs by client, not by call, and a large message takes SES longer: one client for each class of
# size. SES takes no idempotency token, so only the claim protocol may repeat a call.
#
# An HTTP body of bytes is written by one call, which the *connect* time-out ends: a message of 10 MB would have to
# leave within two seconds. So the body is written in blocks, within a time of its own.
# https://docs.python.org/3/library/socket.html#socket.socket.sendall
CONNECT_SECONDS = 2.0
_MB = 1024 * 1024


# Of the function's time: a quarter is for what comes before the call, some seconds for what follows it.
_CALL_SHARE = 0.75
_AFTER_CALL_SECONDS = 3.0
_PATIENT_SECONDS = 10.0
"""An answer is waited for as long as this before anything else is cut short: the outcome of a time-out is unknown."""


class SizeClass(NamedTuple):
    max_bytes: int
    upload_seconds: float
    read_seconds: float
    connect_seconds: float = CONNECT_SECONDS

    @property
    def call_seconds(self) -> float:
        """How long a call takes until it has an answer or is given up."""
        return self.connect_seconds + self.upload_seconds + self.read_seconds

    def within(self, function_seconds: float) -> SizeClass:
        """Return shorter limits where the call would take too much of a function with this time-out."""
        limits = self
        for name, least in (
            ("read_seconds", _PATIENT_SECONDS),
            ("upload_seconds", 1.0),
            ("connect_seconds", 1.0),
            ("read_seconds", _LEAST_READ_SECONDS),
        ):
            over = max(0.0, limits.call_seconds - (_CALL_SHARE * function_seconds - _AFTER_CALL_SECONDS))
            limits = limits._replace(**{name: max(min(least, getattr(limits, name)), getattr(limits, name) - over)})
        return limits


SIZE_CLASSES = (SizeClass(_MB, 2.0, 10.0), SizeClass(10 * _MB, 5.0, 15.0), SizeClass(40 * _MB, 10.0, 30.0))


class SesClients:
    """The clients of one of SES's APIs, `ses` or `sesv2`."""

    def __init__(self, service: str, operation: str, function_seconds: float = LONGEST_FUNCTION_SECONDS) -> None:
        """`operation`: the one that sends, by its API name; `function_seconds`: the function's time-out."""
        self._size_classes = [size_class.within(function_seconds) for size_class in SIZE_CLASSES]
        self._clients = [_client(service, operation, size_class) for size_class in self._size_classes]

    def __call__(self, size: int) -> Any:
        """Return the client for a message of `size` bytes."""
        return self._clients[_index(size)]

    def longest_seconds(self, size: int) -> float:
        """Return how long a call with a message of `size` bytes may take until it has an answer or is given up."""
        return self._size_classes[_index(size)].call_seconds


def _index(size: int) -> int:
    fitting = (index for index, size_class in enumerate(SIZE_CLASSES) if size <= size_class.max_bytes)
    return next(fitting, len(SIZE_CLASSES) - 1)


def _client(service: str, operation: str, size_class: SizeClass) -> Any:
    limits = Config(
        connect_timeout=size_class.connect_seconds,
        read_timeout=size_class.read_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    write = partial(_write_in_blocks, seconds=size_class.connect_seconds + size_class.upload_seconds)
    event = f"before-send.{service}.{operation}"
    return client(service, config=limits, prepare=lambda created: created.meta.events.register(event, write))


def _write_in_blocks(request: Any, seconds: float, **_: Any) -> None:
    body = request.body.encode() if isinstance(request.body, str) else request.body
    request.body = _Body(body, time.monotonic() + seconds)


class _Body(io.BytesIO):
    """A request's body that ends its request with an error where it is not written by `until` (monotonic seconds)."""

    def __init__(self, body: bytes, until: float) -> None:
        super().__init__(body)
        self._until = until

    def __len__(self) -> int:
        return self.getbuffer().nbytes

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self._until:
            raise TimeoutError("The message was not written in time")
        return super().read(size)
