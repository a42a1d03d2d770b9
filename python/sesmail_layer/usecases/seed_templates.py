"""Installs the starter templates into the template bucket; safe to run again, and twice at once.

Every write names the object that it replaces (or that there is none), so whoever comes second notices, reads again
and decides again. `metadata.json` goes last: without it, or with the old version in it, a run that was cut short is
completed by the next. Two runs that write the same starter help each other: equal files are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from sesmail_layer.domain.template.starters import METADATA, Decision, SeedError, Starter, decide
from sesmail_layer.usecases.ports import Clock, Log

_TRIES = 10
PATIENCE_SECONDS = 20.0
_PAUSE_SECONDS = 2.0
_DENIED = frozenset({"SEED003", "SEED004"})


class StoredFile(msgspec.Struct, frozen=True):
    content: bytes
    etag: str


class ChangedMeanwhileError(Exception):
    """The file to be replaced is no longer the one that was read."""


class StarterSource(Protocol):
    def load(self) -> Sequence[Starter]:
        """Gives at least one starter; raises SeedError."""


class InstalledTemplates(Protocol):
    """Raises SeedError when access is denied."""

    def read(self, name: str, file: str) -> StoredFile | None: ...

    def write(self, name: str, file: str, content: bytes, *, replaces: StoredFile | None) -> None:
        """Writes over exactly that file, or where there is none; raises ChangedMeanwhileError."""


class SeedResult(msgspec.Struct, frozen=True):
    installed: list[str]
    updated: list[str]
    skipped: list[str]

    def answer(self) -> dict[str, Any]:
        """The Lambda's answer (spec section 9)."""
        counts = f"Installed {len(self.installed)}, updated {len(self.updated)}, skipped {len(self.skipped)}"
        return {"statusCode": 200, **msgspec.to_builtins(self), "message": counts}


class SeedTemplates:
    def __init__(self, source: StarterSource, templates: InstalledTemplates, clock: Clock, log: Log) -> None:
        self._source = source
        self._templates = templates
        self._clock = clock
        self._log = log

    def __call__(self) -> SeedResult:
        """Seeds. `terraform apply` calls it seconds after making its role, whose rights IAM takes a while to spread."""
        give_up_at = self._clock.now() + PATIENCE_SECONDS
        while True:
            try:
                return self._seed_all()
            except SeedError as err:
                if err.code not in _DENIED or self._clock.now() >= give_up_at:
                    raise
                self._log.info("seed.denied_so_far", code=err.code)
                self._clock.sleep(_PAUSE_SECONDS)

    def _seed_all(self) -> SeedResult:
        done: dict[Decision, list[str]] = {decision: [] for decision in Decision}
        for starter in self._source.load():
            decision = self._seed(starter)
            done[decision].append(starter.name)
            self._log.info(f"starter.{decision.value}", template=starter.name, version=starter.version)
        return SeedResult(done[Decision.INSTALL], done[Decision.UPDATE], done[Decision.SKIP])

    def _seed(self, starter: Starter) -> Decision:
        for _ in range(_TRIES):
            try:
                return self._seed_once(starter)
            except ChangedMeanwhileError:
                self._log.info("starter.changed_meanwhile", template=starter.name)
        raise SeedError(f"Template '{starter.name}' kept changing while it was being written", code="SEED006")

    def _seed_once(self, starter: Starter) -> Decision:
        # Bodies before metadata: a run that completes in between shows either in the version or in a body.
        bodies = {file: self._templates.read(starter.name, file) for file in starter.bodies}
        metadata = self._templates.read(starter.name, METADATA)
        decision = decide(starter, metadata.content if metadata else None)
        if decision is not Decision.SKIP:
            for file, content in starter.bodies.items():
                self._replace(starter.name, file, content, bodies[file])
            self._templates.write(starter.name, METADATA, starter.metadata, replaces=metadata)
        return decision

    def _replace(self, name: str, file: str, content: bytes, stored: StoredFile | None) -> None:
        if stored is None or stored.content != content:
            self._templates.write(name, file, content, replaces=stored)
