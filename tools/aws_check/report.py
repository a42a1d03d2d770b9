"""The report: Markdown to read, JSON to compare, both without what must not be public."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools.aws_check.masking import Mask
from tools.aws_check.results import Outcome, Result

# Longer evidence, such as SES's events, is in the JSON file only.
MOST_CHARACTERS = 600
SIGNS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.NOT_POSSIBLE: "–", Outcome.NOT_RUN: "·"}


def summary(results: Sequence[Result]) -> str:
    """Return how many checks ended how."""
    counts = Counter(result.outcome for result in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])


def write(folder: Path, header: Mapping[str, Any], results: Sequence[Result], mask: Mask) -> tuple[Path, Path]:
    """Write report.md and report.json."""
    folder.mkdir(parents=True, exist_ok=True)
    masked = mask.value({**header, "summary": summary(results), "checks": [asdict(result) for result in results]})
    as_json = folder / "report.json"
    as_json.write_text(json.dumps(masked, indent=2, default=str) + "\n")
    as_markdown = folder / "report.md"
    as_markdown.write_text(markdown(masked))
    return as_markdown, as_json


def markdown(report: Mapping[str, Any]) -> str:
    """Return the report as a page; its input is masked."""
    facts = [f"* {name.replace('_', ' ')}: {value}" for name, value in report.items() if name != "checks"]
    table = ["| | Check | Seconds |", "| --- | --- | --- |"]
    table += [f"| {SIGNS[each['outcome']]} | {each['name']} | {each['seconds']} |" for each in report["checks"]]
    legend = " · ".join(f"{sign} {outcome}" for outcome, sign in SIGNS.items())
    details = [line for each in report["checks"] for line in _details(each)]
    return "\n".join(["# make aws-check", "", *facts, "", *table, "", legend, "", *details]) + "\n"


def _details(check: Mapping[str, Any]) -> list[str]:
    lines = [f"## {check['name']}", "", f"{check['outcome']}, {check['seconds']} s"]
    if check["problem"]:
        lines += ["", check["problem"]]
    if check["fix"]:
        lines += ["", f"Fix: {check['fix']}"]
    if check["evidence"]:
        text = json.dumps(check["evidence"], default=str)
        lines += ["", "```json", text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} …", "```"]
    return [*lines, ""]
