"""How a template that cannot be rendered is told: by its name, and never with the data."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.bounds import MAX_OUTPUT
from sesmail_layer.domain.template.templates import compile_template
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

META = b'{"subject": "s", "optionalVariables": ["maybe"]}'


def rendered(source: str, metadata: bytes = META, **data: Any) -> str:
    return compile_template("t", source.encode(), b"text", metadata).render(data, None).html


def failure(source: str, metadata: bytes = META, **data: Any) -> tuple[str, str]:
    with pytest.raises(PermanentError) as caught:
        rendered(source, metadata, **data)
    return caught.value.code, caught.value.message.removeprefix("Failed to render template 't': ")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ 1 // 0 }}", ("TMPL010", "ZeroDivisionError")),
        ("{{ secret + 1 }}", ("TMPL010", "TypeError")),
        ("{{ nothing }}", ("TMPL007", "Undefined variable: 'nothing' is undefined")),
        ("{{ maybe + 1 }}", ("TMPL007", "Undefined variable: 'maybe' is undefined")),
    ],
)
def test_what_went_wrong_is_told_by_its_kind(source: str, told: tuple[str, str]) -> None:
    assert failure(source, secret="private") == told


def test_a_subject_that_cannot_be_rendered_is_told_with_the_templates_name() -> None:
    assert failure("x", b'{"subject": "{{ nothing }}"}') == (
        "TMPL007",
        "Undefined variable: 'nothing' is undefined",
    )


def test_the_result_may_be_two_million_characters_long_and_no_longer() -> None:
    half = "x" * (MAX_OUTPUT // 2)

    assert len(rendered("{{ half }}{{ half }}", half=half)) == MAX_OUTPUT
    assert failure("{{ half }}{{ half }}y", half=half) == (
        "TMPL010",
        "the result is over 2097152 characters",
    )


def test_the_event_of_a_conflict_names_the_id_that_was_taken() -> None:
    sender = Sender()
    sender.send(emailId="one")
    sender.run(sender.message(request(emailId="one", to="eve@example.com"), event_id="xyz"))

    event = sender.bus.events[-1]
    assert (event.conflicts_with, event.to_email, event.recipient_type) == ("one", "eve@example.com", None)
