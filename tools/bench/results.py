"""The results of a run, stored in results.json for docs/performance.md."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tools.bench.deployed import Deployed
from tools.bench.ratios import Ratio
from tools.bench.requests import Requests
from tools.bench.simulated import Behind, Lanes, Paced
from tools.bench.usage import Counted

FILE = Path(__file__).with_name("results.json")


class Results(msgspec.Struct, kw_only=True):
    """One run."""

    date: str
    python: str
    processors: int
    ratios: list[Ratio]
    hottest: list[str]
    """Packages with their share of the sender's CPU."""
    requests: Requests
    paced: list[Paced]
    behind: list[Behind]
    lanes: list[Lanes]
    used: Counted
    """What ten emails use."""
    deployed: Deployed


def load(path: Path = FILE) -> Results:
    return msgspec.json.decode(path.read_bytes(), type=Results)


def save(results: Results, path: Path = FILE) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
