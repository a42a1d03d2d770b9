"""Messages of errors are short enough for a record, an event and a log line."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import PausedBySes, PermanentError, TransientError


@pytest.mark.parametrize(("given", "kept"), [("a" * 1000, "a" * 1000), ("a" * 1001, "a" * 1000 + "…")])
def test_a_message_of_over_a_thousand_characters_is_cut_and_says_so(given: str, kept: str) -> None:
    error = PermanentError("template_not_found", given, code="TMPL001")
    assert error.message == kept
    assert str(error) == kept


@pytest.mark.parametrize(
    "error",
    [
        PermanentError("ses_rejected", "SES error: john@example.com is j***@example.com", code="SES001"),
        TransientError("no answer about john@example.com", code="AWS001"),
        PausedBySes(1, message="held: john@example.com"),
    ],
)
def test_no_error_passes_an_address_on(error: PermanentError | TransientError | PausedBySes) -> None:
    assert "john@example.com" not in f"{error}{error.message}"
    assert "[address]" in error.message


def test_a_masked_address_stays_in_what_the_producer_reads() -> None:
    assert PermanentError("validation_error", "'j***@example.com'", code="VAL003").message == "'j***@example.com'"


def test_an_error_is_written_as_its_message_and_a_wait_as_its_reason() -> None:
    assert str(TransientError("no answer", code="AWS001")) == "no answer"
    assert str(PausedBySes(30, message="SES said so", code="SES008")) == "sending_paused"


def test_a_wait_that_the_engine_decides_has_no_message_and_no_code() -> None:
    wait = PausedBySes(30)
    assert (wait.delay_seconds, wait.message, wait.code) == (30, "", "")


def test_what_cannot_be_printed_is_a_question_mark_in_a_message() -> None:
    assert PermanentError("validation_error", "a\x07b\u202ec", code="VAL005").message == "a?b?c"


def test_an_error_of_ses_has_its_number_of_tries() -> None:
    assert TransientError("m", code="SES001", max_tries=3).max_tries == 3
    assert TransientError("m", code="SES001").max_tries is None
