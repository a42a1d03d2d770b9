"""Measure and print ratios, store them with --write: `python -m tools.bench [--quick] [--only cpu,cold] [--write]`.

Ends within a quarter of an hour, on a busy machine with fewer rounds.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from localcloud import emulator as emulators
from localcloud.deployment import deploy
from localcloud.engine import Engine
from localcloud.paths import BUILD
from tools.bench import cold, cpu, deployed, page, pipeline, requests, results, simulated, submission, usage
from tools.bench.ratios import Ratio, spread

RATIOS = ("cold", "cpu", "pipeline", "submission")


class Effort(NamedTuple):
    """Number of rounds and emails."""

    cold_rounds: int = 15
    cpu_rounds: int = 9
    cpu_batches: int = 8
    pipeline_rounds: int = 5
    pipeline_emails: int = 300
    submission_rounds: int = 7
    submission_requests: int = 600


QUICK = Effort(3, 3, 3, 2, 100, 3, 200)


@contextmanager
def applied() -> Iterator[tuple[Engine, Path, Path]]:
    """Deploy an engine on the emulator; yield it, its package and a working folder."""
    started = emulators.start_ministack()
    work = f"bench/{os.getpid()}"
    try:
        deployment = deploy(started, work)
        with tempfile.TemporaryDirectory() as folder:
            yield deployment.engine, BUILD / work / "package", Path(folder)
    finally:
        started.stop()
        shutil.rmtree(BUILD / work, ignore_errors=True)


def measure_ratios(only: set[str], effort: Effort) -> tuple[list[Ratio], list[str]]:
    """Return the ratios of the kinds in `only`, and the sender's profile."""
    found: list[Ratio] = []
    hottest: list[str] = []

    def add(*ratios: Ratio) -> None:
        for ratio in ratios:
            say(f"{ratio.what} ÷ {ratio.against}: {ratio.value:.2f} ({spread(ratio.ratios)}), target {target(ratio)}")
        found.extend(ratios)

    with applied() as (engine, package, folder):
        if "cold" in only:
            add(*cold.measure(engine, package, folder, effort.cold_rounds))
        if only & {"cpu", "pipeline"}:
            ratio, calls, hottest = cpu.measure(engine, folder, effort.cpu_rounds, effort.cpu_batches)
            add(ratio)
            if "pipeline" in only:
                rounds, emails = effort.pipeline_rounds, effort.pipeline_emails
                add(*pipeline.measure(engine, package, calls, rounds, emails))
        if "submission" in only:
            add(submission.measure(engine, effort.submission_rounds, effort.submission_requests))
    return found, hottest


def target(ratio: Ratio) -> str:
    return f"{'≤' if ratio.at_most else '≥'} {ratio.target:g}: {'met' if ratio.met else 'missed'}"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def rewrite(*, count_usage: bool, plan: Path | None) -> None:
    """Write the page from the stored results, with some of them counted again."""
    run = results.load()
    if count_usage:
        run.used = usage.measure()
    if plan:
        run.deployed = deployed.of_plan(plan.read_text())
    results.save(run)
    page.PAGE.write_text(page.page(run))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument(
        "--only",
        default=",".join(RATIOS),
        help=f"comma-separated, of {', '.join(RATIOS)}; empty: no ratios, and no emulator needed",
    )
    parser.add_argument("--write", action="store_true", help="write tools/bench/results.json and docs/performance.md")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md from the stored results")
    parser.add_argument("--usage", action="store_true", help="count what is billed, and write it into both")
    parser.add_argument("--plan", type=Path, help="count a plan of the root, from `terraform show -json`, into both")
    arguments = parser.parse_args()
    if arguments.page or arguments.usage or arguments.plan:
        rewrite(count_usage=arguments.usage, plan=arguments.plan)
        return
    only = set(filter(None, arguments.only.split(",")))
    if unknown := only - set(RATIOS):
        parser.error(f"--only takes {', '.join(RATIOS)}, not {', '.join(sorted(unknown))}")
    if arguments.write and only not in (set(), set(RATIOS)):
        parser.error("--write needs all ratios, or none (--only '') to keep the stored ones")
    started = time.monotonic()
    stored = results.load()
    date, ratios, hottest = stored.date, stored.ratios, stored.hottest
    if only:
        date = f"{datetime.now(UTC):%Y-%m-%d}"
        ratios, hottest = measure_ratios(only, QUICK if arguments.quick else Effort())
    counted = requests.measure()
    paced, behind, lanes = simulated.measure(quick=arguments.quick)
    run = results.Results(
        date=date,
        python=platform.python_version(),
        processors=os.cpu_count() or 1,
        ratios=ratios,
        hottest=hottest,
        requests=counted,
        paced=paced,
        behind=behind,
        lanes=lanes,
        used=usage.measure(),
        deployed=stored.deployed,
    )
    for line in [*page.requests(run), "", *page.paced(run), "", *page.behind(run), "", *page.lanes(run)]:
        say(line)
    if arguments.write:
        results.save(run)
        page.PAGE.write_text(page.page(run))
    say(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
