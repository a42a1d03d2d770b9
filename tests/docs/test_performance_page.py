"""docs/performance.md shows tools/bench/results.json, and its requests are those of the current code."""

from __future__ import annotations

import re

from tools.bench import page, requests, results


def test_the_page_shows_the_results() -> None:
    assert page.page(results.load()) == page.PAGE.read_text(), "run `python -m tools.bench --page`"


def test_the_requests_are_those_of_the_current_code() -> None:
    assert requests.measure() == results.load().requests, "run `make bench`"


def test_every_ratio_meets_its_target_or_the_page_says_why_not() -> None:
    for ratio in results.load().ratios:
        assert ratio.met or ratio.key in page.REASONS, ratio.what


def test_pacing_works_at_every_rate() -> None:
    found = results.load()
    for each in found.paced:
        assert each.throttled == 0
        assert each.used_share >= 0.95
        assert each.longest_reservation <= 3
        assert each.worst_excess <= max(each.rate, 1) + 1
    for behind in found.behind:
        assert behind.newsletter >= 50_000
        assert behind.longest_wait_seconds <= 2


def test_the_page_has_the_write_units_of_the_items() -> None:
    _, units = requests.measured(requests.EMAILS)
    text = " ".join(page.PAGE.read_text().split())
    parts = "the claim", "`sent`", "`delivered`", "the kept request"
    claim, sent, delivered, kept = (int(re.findall(rf"(\d+) for {part}", text)[0]) for part in parts)
    [counts] = re.findall(r"Each batch of the sender costs (\d+) more", text)
    assert units["sender"] == requests.EMAILS * (claim + sent + kept // 2) + int(counts)
    assert units["Send event"] == 0
    [figures] = re.findall(r"Each batch of outcomes costs (\d+)", text)
    assert units["Delivery event"] == requests.EMAILS * (delivered + kept // 2) + int(figures)
