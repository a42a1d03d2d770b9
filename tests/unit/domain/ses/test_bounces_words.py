"""Patterns of whole words in what a mail server answers."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.ses.bounces import Words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mailbox FULL now", True),
        ("mailbox is still full", True),
        ("mailbox. Full of joy", False),
        ("my-quota", False),
        ("quota reached", True),
        ("quotas reached", False),
    ],
)
def test_a_pattern_is_of_whole_words_and_an_ellipsis_of_one_sentence(text: str, found: bool) -> None:
    assert Words(("mailbox…full", "quota")).found_in(text) is found
