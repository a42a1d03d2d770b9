"""Measure CPU per email in the sender, against the same AWS calls with fixed payloads.

`python -m tools.bench.cpu ENGINE RESULT …` is a process of its own: both sides write logs, and Lambda's time limit
needs the main thread.
"""

from __future__ import annotations

import cProfile
import importlib
import json
import pstats
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.emulator import Emulator
from localcloud.engine import Engine
from sesmail_layer.aws import clients
from tools.bench import payloads
from tools.bench.engine import email_requests, sender, sqs_event
from tools.bench.minimal.handler import Minimal, load
from tools.bench.ratios import Ratio, alternate

BATCH = payloads.BATCH


def measure(engine: Engine, folder: Path, rounds: int, batches: int) -> tuple[Ratio, dict[str, Any], list[str]]:
    """Return the ratio, the captured payloads for the minimal pipeline, and each package's share of the CPU."""
    about, result = folder / "engine.json", folder / "cpu.json"
    about.write_text(json.dumps({"url": engine.emulator.url, "outputs": dict(engine.outputs), "name": engine.name}))
    command = [sys.executable, "-m", "tools.bench.cpu", str(about), str(result), str(rounds), str(batches)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the sender failed in the benchmark ({done.returncode}):\n{done.stderr[-3000:]}")
    found = json.loads(result.read_text())
    ratio = Ratio(
        key="cpu",
        what="CPU per email in the sender",
        against="the same AWS calls with fixed payloads",
        unit="ms of CPU",
        target=1.3,
        at_most=True,
        rounds=[(ours, other) for ours, other in found["rounds"]],
    )
    return ratio, found["calls"], found["profile"]


def _measure(engine: Engine, folder: Path, rounds: int, batches: int) -> dict[str, Any]:
    email_sender = sender(engine)
    email_sender.handle(sqs_event(email_requests(BATCH)), 30)
    recorder = payloads.Recorder()
    recorded = sender(engine)
    recorded.handle(sqs_event(email_requests(BATCH)), 30)
    captured = payloads.capture(recorder, lambda: recorded.handle(sqs_event(email_requests(BATCH)), 30))
    clients.session.cache_clear()
    path = folder / "calls.json"
    payloads.save(path, captured)
    minimal = Minimal({**load(path), "feedback": {}})

    pairs = alternate(rounds, _cpu(lambda e: email_sender.handle(e, 30), batches), _cpu(minimal.send, batches))
    return {"rounds": pairs, "calls": json.loads(path.read_text()), "profile": _profile(engine)}


def _cpu(handle: Callable[[dict[str, Any]], object], batches: int) -> Callable[[], float]:
    """Return a measurement of the milliseconds of CPU per email, in all threads."""

    def run() -> float:
        events = [sqs_event(email_requests(BATCH)) for _ in range(batches)]
        started = time.process_time()
        for event in events:
            handle(event)
        return (time.process_time() - started) * 1000 / (batches * BATCH)

    return run


def _profile(engine: Engine) -> list[str]:
    """Return each package's share of the sender's CPU without its callees, sending one email after another."""
    composition: Any = importlib.import_module("sesmail_layer.composition.email_sender")
    composition.run_all = lambda steps: [step() for step in steps]
    email_sender = sender(engine)
    events = [sqs_event(email_requests(BATCH)) for _ in range(6)]
    email_sender.handle(events.pop(), 30)
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    for event in events:
        email_sender.handle(event, 30)
    profiler.disable()
    stats: Any = pstats.Stats(profiler)
    shares: Counter[str] = Counter()
    for (file, _, _), values in stats.stats.items():
        shares[_package_of(file)] += values[2]
    whole = sum(shares.values())
    return [f"{name}: {share / whole:.0%}" for name, share in shares.most_common(8)]


def _package_of(file: str) -> str:
    for packages in ("/site-packages/", "/python/"):
        if packages in file:
            return file.split(packages)[-1].split("/")[0].removesuffix(".py")
    return "built-in functions" if file == "~" else "standard library"


def main() -> None:
    about, result, rounds, batches = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    deployed = json.loads(about.read_text())
    engine = Engine(Emulator(deployed["url"], "ministack"), deployed["outputs"], deployed["name"])
    result.write_text(json.dumps(_measure(engine, result.parent, rounds, batches)))


if __name__ == "__main__":
    main()
