"""Five thousand random templates, each within the limits of time and memory of one rendering.

`SESMAIL_FUZZ_SEED` is the first seed (0), `SESMAIL_FUZZ_SECONDS` the time limit of each rendering. That is shorter than
the sender's two seconds, so that the loops, which the limit ends, take no hour; what this looks for is code in C, which
no limit ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.unit.domain.template import fuzz_grammar
from tests.unit.domain.template.fuzz_grammar import random_template

ROOT = Path(__file__).parents[4]
TEMPLATES, CHUNK = 5_000, 250
FIRST_SEED = int(os.environ.get("SESMAIL_FUZZ_SEED", "0"))
SECONDS = float(os.environ.get("SESMAIL_FUZZ_SECONDS", "0.05"))
LONGEST_OVERRUN = 0.5
MOST_MEMORY = 128 * 1024 * 1024


def measure(seeds: range) -> dict[int, dict[str, Any]]:
    """Render the templates of these seeds in a process of their own; a seed without an answer has ended it."""
    command = [sys.executable, "-m", "tests.unit.domain.template.fuzz_worker", str(SECONDS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "python"), str(ROOT)))}
    done = subprocess.run(
        command, input="\n".join(map(str, seeds)), stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    return dict(zip(seeds, map(json.loads, done.stdout.splitlines()), strict=False))


def test_no_random_template_takes_all_memory_or_time(capsys: pytest.CaptureFixture[str]) -> None:
    chunks = [range(seed, seed + CHUNK) for seed in range(FIRST_SEED, FIRST_SEED + TEMPLATES, CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(measure, chunks))
    found = [answer for chunk in answers for answer in chunk.values()]
    with capsys.disabled():
        slowest, largest = (max(answer[what] for answer in found) for what in ("seconds", "bytes"))
        print(f"\n{len(found)} random templates: {slowest:.2f} s and {largest / 2**20:.0f} MiB at most")
    wrong = [
        (seed, answer.get(seed, "no answer"), random_template(seed))
        for seeds, answer in zip(chunks, answers, strict=True)
        for seed in seeds
        if not is_within_limits(answer.get(seed))
    ]
    assert wrong == []


def is_within_limits(found: dict[str, Any] | None) -> bool:
    return (
        found is not None
        and found["seconds"] <= SECONDS + LONGEST_OVERRUN
        and found["bytes"] <= MOST_MEMORY
        and "MemoryError" not in found["error"]
    )


@pytest.mark.parametrize("kind", ["filters", "tests"])
def test_the_grammar_has_every_filter_and_test(kind: str) -> None:
    text = str(vars(fuzz_grammar))
    missing = [name for name in getattr(fuzz_grammar.ENVIRONMENT, kind) if name not in text]
    assert missing == []


def test_a_seed_gives_the_same_template_each_time() -> None:
    assert [random_template(seed) for seed in range(50)] == [random_template(seed) for seed in range(50)]
    assert len({random_template(seed) for seed in range(500)}) > 490
