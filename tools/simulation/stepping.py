"""Invocations of the functions, one external call at a time: a seed decides which goes next, and which one fails.

Each invocation is a thread, but only one thread runs at a time: it stops before each of its external calls until
`step` lets it go on. So a seed gives the same run every time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from enum import Enum, auto
from typing import Any

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from tools.simulation.crashes import Killed


class Fault(Enum):
    """What happens to one external call."""

    NONE = auto()
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    """It took effect; the function did not live to see its answer."""
    ERROR_BEFORE = auto()
    ERROR_AFTER = auto()
    """It took effect, and its answer was lost on the way."""


_KILLED = {Fault.KILLED_BEFORE, Fault.KILLED_AFTER}
_BEFORE = {Fault.KILLED_BEFORE, Fault.ERROR_BEFORE}

UseCase = Callable[[Sequence[QueueMessage]], Collection[str]]
"""A batch in, the ids of the messages that SQS should redeliver out."""


class Invocation:
    """One batch of messages in the hands of a use case."""

    def __init__(self, choose_fault: Callable[[str], Fault]) -> None:
        """`choose_fault` is asked before each call, by its name."""
        self.ended = False
        self.failed: Collection[str] | None = None
        """The ids that the use case reported as failed; None: it was killed, and SQS redelivers all of them."""
        self._choose_fault = choose_fault
        self._error: BaseException | None = None
        self._go, self._stopped = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._stopped.acquire()

    def start(self, use_case: UseCase, messages: Sequence[QueueMessage]) -> None:
        threading.Thread(target=self._run, args=(use_case, messages), daemon=True).start()

    def step(self) -> None:
        """Let it make the call that it stands before, and go on to the next one. Raises what the use case raises."""
        self._go.release()
        self._stopped.acquire()
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """End its thread: the world failed, and will not go on."""
        self._choose_fault = lambda _name: Fault.KILLED_BEFORE
        while not self.ended:
            self._go.release()
            self._stopped.acquire()

    def call(self, name: str, call: Callable[..., Any], args: Sequence[Any], options: dict[str, Any]) -> Any:
        """Make one external call of the use case, in its thread."""
        self._stopped.release()
        self._go.acquire()
        fault = self._choose_fault(name)
        answer = None if fault in _BEFORE else call(*args, **options)
        if fault is Fault.NONE:
            return answer
        raise Killed if fault in _KILLED else TransientError(f"{name}: no answer", code="AWS999")

    def _run(self, use_case: UseCase, messages: Sequence[QueueMessage]) -> None:
        self._go.acquire()
        try:
            self.failed = use_case(messages)
        except Killed:
            pass
        except BaseException as err:
            self._error = err
        finally:
            self.ended = True
            self._stopped.release()


class Container:
    """A Lambda container: what its use case remembers lives on between invocations, and dies with a killed one."""

    def __init__(self, make: Callable[[Container], UseCase]) -> None:
        """`make` builds the use case, its external calls wrapped by this container."""
        self._make = make
        self._use_case = make(self)
        self._invocation: Invocation | None = None

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            assert self._invocation is not None
            return self._invocation.call(name, call, args, options)

        return wrapped

    def invoke(self, messages: Sequence[QueueMessage], choose_fault: Callable[[str], Fault]) -> Invocation:
        if self._invocation is not None and self._invocation.failed is None:
            self._use_case = self._make(self)
        self._invocation = Invocation(choose_fault)
        self._invocation.start(self._use_case, messages)
        return self._invocation
