"""A bug is logged with its type and stack, never with its message: Python's messages quote values."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sesmail_layer.runtime.logging import configure
from tests.unit.runtime.test_logging import ADDRESS, DATA, PERSON, REQUEST, answers, fails, lines, sender
from tools.simulation.sender import Sender


def test_a_traceback_has_files_and_lines_but_no_values_and_no_message(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(template_data: dict[str, str]) -> None:
        raise KeyError(template_data["name"])

    log = configure("INFO")
    try:
        fail({"name": DATA})
    except KeyError as err:
        log.error("email.failed_unexpectedly", exc_info=err)
        log.error("email.failed_unexpectedly", exc_info=True)
    for line in lines(capsys):
        assert line["error"] == "KeyError"
        assert line["traceback"][-1].endswith(" fail")
        assert "test_logging_bugs.py:" in line["traceback"][-1]
        assert DATA not in json.dumps(line)


@pytest.mark.parametrize(
    "prepare",
    [
        answers(RuntimeError(f"{DATA} {ADDRESS}")),
        answers(UnicodeEncodeError("utf-8", DATA, 0, 1, DATA)),
        fails("templates", ValueError(f"{DATA} {ADDRESS}")),
    ],
)
def test_no_bug_logs_personal_data(capsys: pytest.CaptureFixture[str], prepare: Callable[[Sender], object]) -> None:
    made = sender(configure("DEBUG"))
    prepare(made)
    assert made.run(made.message(REQUEST))
    output = capsys.readouterr().out
    assert "traceback" in output
    assert PERSON not in output
    assert DATA not in output
