"""AWS clients, each created by botocore when it is first used, with time-outs that a function of 15 seconds can afford.

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


def _limits(connect_seconds: float, read_seconds: float, attempts: int) -> Config:
    return Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )


# Five seconds in all for a server that never answers, with the pause between the attempts: the feedback processor has
# fifteen, and two such calls of a batch leave it the time to requeue its messages, which is the further attempt.
_SMALL_ANSWERS = _limits(1, 2, 2)
_LIMITS = {
    # The states of alarms: looked at again within minutes.
    "cloudwatch": _limits(1, 2, 1),
    "dynamodb": _SMALL_ANSWERS,
    "events": _SMALL_ANSWERS,
    # What cannot be put on a queue costs its message a receive.
    "sqs": _limits(1, 2, 3),
    "sns": _SMALL_ANSWERS,
    "ssm": _SMALL_ANSWERS,
    "s3": _limits(2, 5, 2),
    # SES's quota: the engine goes on with the last answer. `SesClients` are for sending.
    "ses": _limits(2, 3, 1),
    "sesv2": _limits(2, 3, 1),
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


def client(service: str, config: Config | None = None, prepare: Callable[[Any], None] | None = None) -> Any:
    """Return a client with the service's limits, or those of `config`; the adapter that takes it declares its type.

    `prepare` is called with the botocore client when that is created.
    """
    return _Client(service, _LIMITS[service].merge(config or Config()), prepare)


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


class SizeClass(NamedTuple):
    max_bytes: int
    upload_seconds: float
    read_seconds: float


SIZE_CLASSES = (SizeClass(_MB, 2.0, 10.0), SizeClass(10 * _MB, 5.0, 15.0), SizeClass(40 * _MB, 10.0, 30.0))


class SesClients:
    """The clients of one of SES's APIs, `ses` or `sesv2`."""

    def __init__(self, service: str, operation: str) -> None:
        """`operation`: the one that sends, by its API name."""
        self._clients = [_client(service, operation, size_class) for size_class in SIZE_CLASSES]

    def __call__(self, size: int) -> Any:
        """Return the client for a message of `size` bytes."""
        return self._clients[_index(size)]

    def longest_seconds(self, size: int) -> float:
        """Return how long a call with a message of `size` bytes may take until it has an answer or is given up."""
        found = SIZE_CLASSES[_index(size)]
        return CONNECT_SECONDS + found.upload_seconds + found.read_seconds


def _index(size: int) -> int:
    fitting = (index for index, size_class in enumerate(SIZE_CLASSES) if size <= size_class.max_bytes)
    return next(fitting, len(SIZE_CLASSES) - 1)


def _client(service: str, operation: str, size_class: SizeClass) -> Any:
    limits = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=size_class.read_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    write = partial(_write_in_blocks, seconds=CONNECT_SECONDS + size_class.upload_seconds)
    event = f"before-send.{service}.{operation}"
    return client(service, limits, lambda created: created.meta.events.register(event, write))


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
