"""Kill a use case at any of its external calls, whatever its ports are: the calls are found by reflection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

Ports = TypeVar("Ports", bound=msgspec.Struct)

IN_PROCESS = frozenset({"clock", "metrics", "log", "fingerprint", "time_limit", "run_all"})
"""Ports behind which no network call stands: a kill there is a kill before the next external call."""


class Killed(BaseException):
    """The process is gone: nothing of the code under test may run after it."""


class Killer:
    """Ends the process at the nth external call: before it, or after it took effect but before its answer is used.

    `at` 0 kills nothing and counts.
    """

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.calls = 0
        self.by_port: Counter[str] = Counter()
        self._at = at
        self._after = after

    def wrap(self, port: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            self.by_port[port] += 1
            mine = self.calls == self._at
            if mine and not self._after:
                raise Killed
            answer = call(*args, **kwargs)
            if mine:
                raise Killed
            return answer

        return wrapped


class Mortal:
    """A port with every public method wrapped; its fields stay its own."""

    def __init__(self, port: str, inner: Any, killer: Killer) -> None:
        self._port = port
        self._inner = inner
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._killer.wrap(self._port, found) if callable(found) else found


def external_ports(ports: msgspec.Struct) -> list[str]:
    """The names of the ports behind which there are network calls: all but those IN_PROCESS."""
    return [name for name in ports.__struct_fields__ if name not in IN_PROCESS]


def mortal(ports: Ports, killer: Killer) -> Ports:
    """The same ports, killed where the killer says."""
    wrapped = {name: Mortal(name, getattr(ports, name), killer) for name in external_ports(ports)}
    return msgspec.structs.replace(ports, **wrapped)
