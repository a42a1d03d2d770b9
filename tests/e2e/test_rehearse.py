"""`make rehearse` trips the breaker on the deployed engine, and the commands that it prints end the pause."""

from __future__ import annotations

import io
import re

from rich.console import Console

from localcloud.rehearse import PRODUCER, rehearse
from tests.e2e.harness.cli import sesmail
from tests.e2e.harness.engine import EngineUnderTest


def test_a_rehearsal_pauses_its_producer_and_the_printed_commands_release_it(engine: EngineUnderTest) -> None:
    output = io.StringIO()

    rehearse(engine, Console(file=output, width=200))

    assert "The breaker has paused it" in output.getvalue()
    held = re.findall(r"sesmail explain (\S+)", output.getvalue())[0]
    try:
        assert PRODUCER in sesmail(engine, "status", exit_code=1)
        assert PRODUCER in sesmail(engine, "explain", held, exit_code=1)
        assert "@rehearsal.example" in sesmail(engine, "suppression", "list", "--since", "1h")
    finally:
        sesmail(engine, "resume", "--producer", PRODUCER)
    assert engine.wait_for_status(held, "delivered", seconds=120)["attempt"] == 1
