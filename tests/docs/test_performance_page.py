"""docs/performance.md says what tools/bench/results.json holds, and that is what the code asks now."""

from __future__ import annotations

from tools.bench import page, requests, results


def test_the_page_is_made_of_the_results() -> None:
    assert page.page(results.load()) == page.PAGE.read_text(), "run `python -m tools.bench --page`"


def test_the_requests_are_those_of_the_code_as_it_is() -> None:
    assert requests.measure() == results.load().requests, "run `make bench`"


def test_every_ratio_meets_its_aim_or_the_page_says_what_holds_it() -> None:
    for ratio in results.load().ratios:
        assert ratio.met or ratio.key in page.HOLDS, ratio.what


def test_the_pacing_held_at_every_rate() -> None:
    found = results.load()
    for each in found.paced:
        assert each.throttled == 0
        assert each.used_share >= 0.95
        assert each.longest_reservation <= 3
        assert each.worst_excess <= max(each.rate, 1) + 1
    for behind in found.behind:
        assert behind.newsletter >= 50_000
        assert behind.longest_wait_seconds <= 2
