"""Messages of errors are short enough for a record, an event and a log line."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import PermanentError


@pytest.mark.parametrize(("given", "kept"), [("a" * 1000, "a" * 1000), ("a" * 1001, "a" * 1000 + "…")])
def test_a_message_of_over_a_thousand_characters_is_cut_and_says_so(given: str, kept: str) -> None:
    error = PermanentError("template_not_found", given, code="TMPL001")
    assert error.message == kept
    assert str(error) == kept
