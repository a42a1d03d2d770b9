"""Tags and topic: what a request is counted and unsubscribed under."""

from __future__ import annotations

import pytest

from tests.unit.domain.request.test_email_request import parsed, refusal


def test_a_tag_named_twice_is_one_tag() -> None:
    assert parsed(tags=["eu", "spring-sale", "eu"]).tags == ["eu", "spring-sale"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("tags", "eu", "tags: found a text of 2 characters; allowed: a list of at most 5 names"),
        ("tags", list("abcdef"), "tags: found a list of 6; allowed: a list of at most 5 names"),
        ("tags", ["a b"], "tags[0]: found a text of 3 characters; allowed: letters, digits, _ and -, at most 64"),
        (
            "tags",
            ["ok", "a" * 65],
            "tags[1]: found a text of 65 characters; allowed: letters, digits, _ and -, at most 64",
        ),
        ("tags", ["ok\n"], "tags[0]: found a text of 3 characters; allowed: letters, digits, _ and -, at most 64"),
        ("tags", [7], "tags[0]: found 7; allowed: letters, digits, _ and -, at most 64"),
        ("topic", "_news", "topic: found '_news'; allowed: letters, digits, _ and -, at most 128, the first a letter"),
        ("topic", "", "topic: found a text of 0 characters; allowed: letters, digits, _ and -, at most 128"),
    ],
)
def test_a_tag_or_topic_that_is_no_name_is_rejected_with_what_is_allowed(
    field: str, value: object, message: str
) -> None:
    assert message in str(refusal(**{field: value}))
