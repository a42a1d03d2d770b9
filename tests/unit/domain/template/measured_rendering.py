"""Render templates in a process of its own, and measure the memory and the time that each takes.

The kernel's figures for the process cost nothing, where tracemalloc makes a template twenty times slower.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import Template, compile_template
from sesmail_layer.runtime.time_limit import time_limit

# What uses a filter's library for the first time would be counted as a template's own.
_WARM_UP = "{{ 1|money('EUR') }}{{ 1|date }}{{ 'a b'|wordwrap }}{{ 'a'|pprint }}{{ ('a'|safe).unescape() }}"
_before = 0


@contextmanager
def process() -> Iterator[ProcessPoolExecutor]:
    """Start a process for `measured`."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=prepare) as pool:
        yield pool


def prepare() -> None:
    """Limit this process, so that no template takes all memory of the machine, and note what it has without one."""
    global _before
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    measured(_WARM_UP, {}, 60)
    _before = _resident("VmRSS")


def compiling(template: str) -> int:
    """Compile a template; return the bytes that it takes."""
    _reset_peak()
    _compiled(template)
    return _resident("VmHWM") - _before


def measured(template: str, data: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Render a template as the sender does; return what it takes, how long its output is, and the error."""
    characters, error, began = 0, "", time.process_time()
    try:
        compiled = _compiled(template)
        _reset_peak()
        began = time.process_time()
        with time_limit(seconds):
            characters = len(compiled.render(data, None).html)
    except PermanentError as err:
        error = err.message
    took = time.process_time() - began
    return {"seconds": took, "bytes": _resident("VmHWM") - _before, "characters": characters, "error": error}


def _compiled(template: str) -> Template:
    return compile_template("t", template.encode(), b"t", b'{"subject": "s"}')


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets VmHWM: man 5 proc_pid_clear_refs


def _resident(field: str) -> int:
    """Return `VmRSS` or, since the last reset, the highest one, `VmHWM`: bytes of memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024
