"""The report can be attached to a public issue, and says what failed and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.aws_check.masking import Mask
from tools.aws_check.report import MOST_CHARACTERS, write
from tools.aws_check.results import Outcome, Result

MASK = Mask("123456789012", "no-reply@shop.example.com")
RESULTS = [
    Result("A queue", Outcome.PASSED, 1.5, {"arn": "arn:aws:sqs:eu-west-1:123456789012:x"}),
    Result(
        "An email", Outcome.FAILED, 2.0, {"to": "ann@example.org"}, "550 ann@example.org unknown", "Ask 123456789012."
    ),
    Result("A trace", Outcome.NOT_POSSIBLE, problem="No X-Ray"),
    Result("Samples", Outcome.PASSED, 0.1, {"samples": [{"mail": "x" * MOST_CHARACTERS, "last": "the-end"}]}),
    Result("Later", Outcome.NOT_RUN, problem="The run was interrupted."),
]


@pytest.fixture
def written(tmp_path: Path) -> tuple[str, str]:
    paths = write(tmp_path / "report", {"name": "n", "caller": "arn:aws:iam::123456789012:user/a"}, RESULTS, MASK)
    markdown, as_json = (path.read_text() for path in paths)
    return markdown, as_json


def test_neither_file_has_the_account_or_an_address(written: tuple[str, str]) -> None:
    for text in written:
        assert "123456789012" not in text
        assert "example.org" not in text


def test_the_page_counts_the_outcomes_and_names_what_failed_with_its_fix(written: tuple[str, str]) -> None:
    page = written[0]
    assert "* summary: 2 passed, 1 failed, 1 not possible here, 1 not run" in page
    assert "| ✗ | An email | 2.0 |" in page
    assert "failed, 2.0 s\n\n550 ADDRESS unknown\n\nFix: Ask ACCOUNT." in page


def test_long_evidence_is_whole_in_the_json_only(written: tuple[str, str]) -> None:
    page, as_json = written
    assert "the-end" not in page
    assert json.loads(as_json)["checks"][3]["evidence"]["samples"][0]["last"] == "the-end"
