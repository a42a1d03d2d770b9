"""Create the engine's keys and install the starter templates into the template bucket.

Safe to repeat, and to run twice at the same time.

Every write is conditional on the object that it replaces (or on there being none), so the second of two runs finds a
conflict, reads again and decides again. `metadata.json` is written last: the next run completes an interrupted one,
since the version is missing or old until then. Equal files are not written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from sesmail_layer.domain.template.files import METADATA
from sesmail_layer.domain.template.starters import Decision, SeedError, Starter, decide
from sesmail_layer.usecases.ports import Clock, Log

_TRIES = 10
# IAM takes some seconds to apply a new role's rights, and `terraform apply` seeds right after creating the role.
ACCESS_TIMEOUT_SECONDS = 20.0
_PAUSE_SECONDS = 2.0
_DENIED = frozenset({"SEED003", "SEED004", "SEED007"})


class StoredFile(msgspec.Struct, frozen=True):
    content: bytes
    etag: str


class WriteConflictError(Exception):
    """The file to replace is no longer the one that was read."""


class StarterSource(Protocol):
    def load(self) -> Sequence[Starter]:
        """Return at least one starter. Raises SeedError."""


class InstalledTemplates(Protocol):
    """The templates in the bucket. Raises SeedError if access is denied."""

    def read(self, name: str, file: str) -> StoredFile | None: ...

    def write(self, name: str, file: str, content: bytes, *, replaces: StoredFile | None) -> None:
        """Write a file in place of `replaces`; None: where there is none. Raises WriteConflictError."""


class SecretKeys(Protocol):
    def create(self) -> None:
        """Create the keys that do not exist. Raises SeedError if access is denied."""

    def delete(self) -> None: ...


class SeedResult(msgspec.Struct, frozen=True):
    installed: list[str]
    updated: list[str]
    skipped: list[str]

    def answer(self) -> dict[str, Any]:
        """Return the function's result (spec section 9)."""
        counts = f"Installed {len(self.installed)}, updated {len(self.updated)}, skipped {len(self.skipped)}"
        return {"statusCode": 200, **msgspec.to_builtins(self), "message": counts}


def clean_up(event: object, keys: SecretKeys) -> bool:
    """Delete the keys where `terraform destroy` calls and keeps no data; return True if it calls.

    https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/lambda_invocation
    """
    match event:
        case {"tf": {"action": "delete"}, "retain_data": bool(retained)}:
            if not retained:
                keys.delete()
            return True
    return False


class SeedTemplates:
    def __init__(
        self, keys: SecretKeys, source: StarterSource, templates: InstalledTemplates, clock: Clock, log: Log
    ) -> None:
        self._keys = keys
        self._source = source
        self._templates = templates
        self._clock = clock
        self._log = log

    def __call__(self) -> SeedResult:
        """Create keys and install starters; retry while access is denied, up to ACCESS_TIMEOUT_SECONDS.

        Raises SeedError.
        """
        give_up_at = self._clock.now() + ACCESS_TIMEOUT_SECONDS
        while True:
            try:
                return self._seed_all()
            except SeedError as err:
                if err.code not in _DENIED or self._clock.now() >= give_up_at:
                    raise
                self._log.info("seed.access_denied", code=err.code)
                self._clock.sleep(_PAUSE_SECONDS)

    def _seed_all(self) -> SeedResult:
        # First: the sender waits for its keys, whatever becomes of the templates.
        self._keys.create()
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
            except WriteConflictError:
                self._log.info("starter.conflict", template=starter.name)
        raise SeedError(f"Template '{starter.name}' kept changing while it was being written", code="SEED006")

    def _seed_once(self, starter: Starter) -> Decision:
        # Read the bodies before the metadata: another run that completes in between has changed one of them.
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
