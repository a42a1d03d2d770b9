"""With tracing, threads work in the invocation's segment: no port has the bare `run_all`."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator

import msgspec
import pytest

from sesmail_layer.composition import email_sender, feedback_processor
from sesmail_layer.runtime import parallel, tracing
from sesmail_layer.runtime.parallel import RunAll
from sesmail_layer.runtime.settings import Settings
from tools.simulation.environment import default_settings


def run_in_segment(_steps: object) -> None:
    """Stands for what `enable_tracing` returns."""


def ports_of_sender(settings: Settings) -> msgspec.Struct:
    return email_sender.EmailSender(settings)._ports(settings)


def ports_of_processor(settings: Settings) -> msgspec.Struct:
    return feedback_processor.FeedbackProcessor(settings)._ports(settings)


def functions_of(ports: msgspec.Struct) -> Iterator[tuple[str, object]]:
    for name in ports.__struct_fields__:
        port = getattr(ports, name)
        yield name, port
        for attribute, value in getattr(port, "__dict__", {}).items():
            if isinstance(value, types.FunctionType):
                yield f"{name}.{attribute}", value


@pytest.mark.parametrize("ports_of", [ports_of_sender, ports_of_processor])
def test_no_port_runs_threads_without_the_segment(
    ports_of: Callable[[Settings], msgspec.Struct], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "enable_tracing", lambda _run_all: run_in_segment)
    bare: RunAll = parallel.run_all
    found = dict(functions_of(ports_of(default_settings(name="shop", SESMAIL_TRACING="true"))))

    assert {"run_all", "bus._run_all"} <= {name for name, value in found.items() if value is run_in_segment}
    assert [name for name, value in found.items() if value is bare] == []
