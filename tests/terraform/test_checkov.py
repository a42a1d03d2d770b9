"""checkov, a linter for cloud configurations, finds nothing; every skipped check has its reason."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.terraform.runner import ROOT

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """Its findings over modules and root, by outcome."""
    assert CHECKOV.exists(), "checkov is missing: run make setup"
    done = subprocess.run(
        [str(CHECKOV), "-d", "modules", "-d", "terraform", "--framework", "terraform", "--skip-download", "-o", "json"],
        cwd=ROOT,
        # Colours and the banner are for terminals, the update check for the internet.
        env=os.environ | {"ANSI_COLORS_DISABLED": "1", "CHECKOV_DISABLE_UPDATE_CHECK": "1", "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, Any] = {"passed_checks": [], "failed_checks": [], "skipped_checks": [], "parsing_errors": []}
    for report in reports(done.stdout):
        for outcome, checks in found.items():
            checks.extend(report["results"].get(outcome, []))
    return found


def reports(output: str) -> Iterator[dict[str, Any]]:
    """checkov writes one JSON document for each folder, one after the other."""
    decoder, rest = json.JSONDecoder(), output.strip()
    while rest:
        report, end = decoder.raw_decode(rest)
        yield report
        rest = rest[end:].lstrip()


def test_checkov_fails_nothing(results: dict[str, Any]) -> None:
    failed = sorted({(check["check_id"], check["check_name"], check["resource"]) for check in results["failed_checks"]})
    assert not failed, "\n".join(map(str, failed))
    assert not results["parsing_errors"]


def test_checkov_has_looked_at_the_whole_engine(results: dict[str, Any]) -> None:
    looked_at = {check["resource"] for check in results["passed_checks"]}
    for part in (
        "tables.aws_dynamodb_table.tracking",
        "template_bucket.aws_s3_bucket.this",
        "email_queue.aws_sqs_queue",
    ):
        assert any(part in resource for resource in looked_at), part


def test_every_skip_of_checkov_has_its_reason(results: dict[str, Any]) -> None:
    assert results["skipped_checks"]
    for check in results["skipped_checks"]:
        reason = check["check_result"]["suppress_comment"]
        assert len(reason.split()) >= 4, (check["check_id"], reason)
