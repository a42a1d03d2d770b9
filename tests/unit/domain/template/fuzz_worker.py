"""Renders random templates in a process of its own, and measures what each takes.

Reads one seed a line from its standard input, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import compile_template
from sesmail_layer.runtime.time_limit import time_limit
from tests.unit.domain.template.fuzz_grammar import DATA, random_template

# What uses a filter's library for the first time would be counted as a template's own.
_WARM_UP = "{{ 1|money('EUR') }}{{ 1|date }}{{ 'a b'|wordwrap }}{{ 'a'|pprint }}{{ ('a'|safe).unescape() }}"


def measured(template: str, seconds: float) -> dict[str, Any]:
    """Render a template as the sender does; return the processor's seconds, and the error."""
    error = ""
    compiled = compile_template("t", template.encode(), b"t", b'{"subject": "s"}')
    began = time.process_time()
    try:
        with time_limit(seconds):
            compiled.render(DATA, None)
    except PermanentError as err:
        error = err.message
    return {"seconds": time.process_time() - began, "error": error}


def resident(field: str) -> int:
    """Return `VmRSS` or, since the last reset, the highest one, `VmHWM`: bytes of memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024


def main(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    measured(_WARM_UP, 60)
    before = resident("VmRSS")
    for line in sys.stdin:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets VmHWM: man 5 proc_pid_clear_refs
        found = measured(random_template(int(line)), seconds)
        print(json.dumps({**found, "bytes": resident("VmHWM") - before}), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
