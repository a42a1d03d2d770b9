"""The order of a run: apply, check, destroy whatever happened, look for leftovers, write the report."""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.paths import LocalCloudError
from localcloud.provider import terraform_binary
from localcloud.wait import WaitTimeoutError, wait_for
from sesmail_cli import __version__
from tools.aws_check import alarms, applying, feedback, permissions, report, runtime, sending, suppression
from tools.aws_check.engine import Engine
from tools.aws_check.inventory import inventory
from tools.aws_check.masking import Mask
from tools.aws_check.results import Check, Outcome, Result, not_run, require, run_check, run_checks

# AWS shows a deleted resource for a while: SQS for a minute.
GONE_SECONDS = 120.0
# SQS's queues, and so the last that a check may read, come last; tracing changes the engine.
CHECKS: tuple[Check[Engine], ...] = (
    *applying.CHECKS,
    *sending.CHECKS,
    *suppression.CHECKS,
    *feedback.CHECKS,
    *alarms.CHECKS,
    *permissions.CHECKS,
    *runtime.CHECKS,
)


@dataclass
class Run:
    """One run and what it found."""

    engine: Engine
    show: Callable[[Result], None]
    results: list[Result] = field(default_factory=list)

    def execute(self) -> int:
        """Run everything; return 0 if no check failed, else 1. Always destroys, and always writes the report."""
        started = time.time()
        interrupted = False
        with _termination_as_interrupt():
            try:
                self._check()
            except KeyboardInterrupt:
                interrupted = True
        with _without_interrupts():
            done = {result.name for result in self.results}
            self.results += not_run([c for c in (applying.APPLY, *CHECKS) if c.name not in done], _reason(interrupted))
            self._destroy()
            reports = self._write(started)
            if self.results[-1].outcome is Outcome.PASSED:
                self.engine.deployment.clean()
        for path in reports:
            print(f"Report: {path}")
        print(report.summary(self.results))
        failed = any(result.outcome in (Outcome.FAILED, Outcome.NOT_RUN) for result in self.results)
        return 1 if failed else 0

    def _check(self) -> None:
        applied = run_check(applying.APPLY, self.engine)
        self._add(applied)
        if applied.outcome is Outcome.PASSED:
            for result in run_checks(CHECKS, self.engine):
                self._add(result)

    def _destroy(self) -> None:
        deployment = self.engine.deployment
        command = f"Run `{deployment.destroy_command}`; if it fails, delete what is listed by hand."
        destroy = Check(
            "Destroy leaves nothing", _destroy_all, f"{command} Everything is tagged SESMailCheck={deployment.name}."
        )
        self._add(run_check(destroy, self.engine))

    def _add(self, result: Result) -> None:
        self.results.append(result)
        self.show(result)

    def _write(self, started: float) -> tuple[Path, Path]:
        engine = self.engine
        header = {
            "name": engine.name,
            "engine_version": __version__,
            "commit": _commit(),
            "region": engine.account.region,
            "endpoint": "emulator" if engine.account.is_emulated else "AWS",
            "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            "minutes": round((time.time() - started) / 60, 1),
            "python": platform.python_version(),
            **_terraform_versions(engine.deployment.terraform.root),
        }
        mask = Mask(engine.account.id, engine.sender)
        return report.write(engine.deployment.folder, header, self.results, mask)


def _destroy_all(engine: Engine) -> dict[str, Any]:
    """Destroy, then wait until the account lists nothing under the name; what is left is named either way."""
    error, seconds = "", GONE_SECONDS
    try:
        engine.deployment.destroy()
    except LocalCloudError as failed:
        error, seconds = f"{failed}\n", 0.0
    left: set[str] = set()

    def is_gone() -> bool:
        nonlocal left
        left = inventory(engine.account, engine.name)
        return not left

    with suppress(WaitTimeoutError):
        wait_for(is_gone, "nothing to be left", seconds, poll_seconds=5)
    require(not left and not error, f"{error}Left in the account: {sorted(left) or 'nothing'}", left=sorted(left))
    return {"left": 0}


def _reason(interrupted: bool) -> str:
    return "The run was interrupted." if interrupted else "The engine was not applied."


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C: the engine is destroyed either way."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ignore a second Ctrl-C: half a destroy leaves resources that cost money."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, signal.SIG_IGN) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def _terraform_versions(root: Path) -> dict[str, str]:
    """Return Terraform's version and the provider's."""
    if not root.is_dir():
        return {}
    command = [terraform_binary(), "version", "-json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout[done.stdout.index("{") :])
    except ValueError:
        return {}
    providers = found.get("provider_selections", {})
    aws = next((version for name, version in providers.items() if name.endswith("hashicorp/aws")), "unknown")
    return {"terraform": found["terraform_version"], "aws_provider": aws}


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
