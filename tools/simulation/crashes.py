"""Kill a use case at any of its external calls, whatever its ports are: the calls are found by reflection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

Ports = TypeVar("Ports", bound=msgspec.Struct)

IN_PROCESS = frozenset(
    "clock metrics log fingerprint tombstones_of unsubscribe_url_of time_limit run_all bytes_in_flight".split()
)
"""Ports that make no network call: a kill there is a kill before the next external call."""


class Killed(BaseException):
    """The process is gone: nothing of the code under test may run after it."""


class CallWrapper(Protocol):
    """Intercepts the external calls of a use case."""

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return what is called in place of `call`, which is named `port.method`."""


class Killer:
    """Ends the process at the nth external call: before it, or after it took effect but before its answer is used.

    `at` 0 kills nothing; `calls` are the calls so far, as `port.method`. With another `error` it is no kill but a bug:
    the code under test goes on.
    """

    def __init__(self, at: int = 0, *, after: bool = False, error: type[BaseException] = Killed) -> None:
        self.calls: list[str] = []
        self._at = at
        self._after = after
        self._error = error

    @property
    def ports(self) -> set[str]:
        """The ports that were called."""
        return {call.partition(".")[0] for call in self.calls}

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            killed = len(self.calls) == self._at
            if killed and not self._after:
                raise self._error
            try:
                return call(*args, **kwargs)
            finally:
                if killed:
                    raise self._error  # In place of the answer, also where that is an error.

        return wrapped


class Mortal:
    """A port with every public method wrapped; its fields stay its own."""

    def __init__(self, port: str, inner: Any, wrapper: CallWrapper) -> None:
        self._port = port
        self._inner = inner
        self._wrapper = wrapper

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._wrapper.wrap(f"{self._port}.{name}", found) if callable(found) else found


def external_ports(ports: msgspec.Struct) -> list[str]:
    """The names of the ports behind which there are network calls: all but those IN_PROCESS."""
    return [name for name in ports.__struct_fields__ if name not in IN_PROCESS]


def mortal(ports: Ports, wrapper: CallWrapper) -> Ports:
    """The same ports with every external call wrapped: a Killer kills at one of them."""
    wrapped = {name: Mortal(name, getattr(ports, name), wrapper) for name in external_ports(ports)}
    return msgspec.structs.replace(ports, **wrapped)
