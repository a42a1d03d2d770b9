"""How long the seeder retries while access is denied, or another writer changes the same template."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sesmail_layer.domain.template.starters import SeedError, Starter
from sesmail_layer.usecases.seed_templates import SeedTemplates, StoredFile, WriteConflictError
from tools.simulation.fakes import NOW, FakeClock, FakeLog


class Bucket:
    """Keys, source and bucket; reads fail until a given time."""

    def __init__(self, clock: FakeClock, error: Exception, until: float) -> None:
        self.reads = 0
        self.source_fails = False
        self.keys_fail = False
        self._clock, self._error, self._until = clock, error, until

    def create(self) -> None:
        if self.keys_fail:
            self._fail()

    def delete(self) -> None: ...

    def load(self) -> Sequence[Starter]:
        if self.source_fails:
            self._fail()
        return [Starter("welcome", {"template.html": b"x"}, b'{"version": "1.2.0"}')]

    def read(self, name: str, file: str) -> StoredFile | None:
        self.reads += 1
        self._fail()
        return None

    def write(self, name: str, file: str, content: bytes, *, replaces: StoredFile | None) -> None: ...

    def _fail(self) -> None:
        if self._clock.now() < self._until:
            raise self._error


def seeded(error: Exception, seconds: float) -> tuple[Bucket, FakeLog, FakeClock, SeedTemplates]:
    clock, log = FakeClock(), FakeLog()
    bucket = Bucket(clock, error, NOW + seconds)
    return bucket, log, clock, SeedTemplates(bucket, bucket, bucket, clock, log)


@pytest.mark.parametrize("code", ["SEED003", "SEED004"])
def test_the_seeder_retries_while_access_is_denied(code: str) -> None:
    _, log, clock, seed = seeded(SeedError("denied", code=code), 19)

    assert seed().installed == ["welcome"]

    assert clock.now() == NOW + 20
    assert log.lines[:10] == [{"level": "INFO", "event": "seed.access_denied", "code": code}] * 10
    assert log.lines[10:] == [
        {"level": "INFO", "event": "starter.installed", "template": "welcome", "version": "1.2.0"}
    ]


def test_the_seeder_retries_while_access_to_the_keys_is_denied() -> None:
    bucket, _, clock, seed = seeded(SeedError("denied", code="SEED007"), 19)
    bucket.keys_fail = True

    assert seed().installed == ["welcome"]
    assert clock.now() == NOW + 20


def test_the_seeder_retries_while_access_to_the_starters_is_denied() -> None:
    bucket, _, clock, seed = seeded(SeedError("denied", code="SEED003"), 19)
    bucket.source_fails = True

    assert seed().installed == ["welcome"]
    assert clock.now() == NOW + 20


def test_access_denied_for_twenty_seconds_is_an_error() -> None:
    bucket, _, clock, seed = seeded(SeedError("denied", code="SEED003"), 1_000)

    with pytest.raises(SeedError, match="denied"):
        seed()

    assert (clock.now(), bucket.reads) == (NOW + 20, 11)


def test_other_errors_are_not_retried() -> None:
    bucket, _, clock, seed = seeded(SeedError("incomplete", code="SEED005"), 1_000)

    with pytest.raises(SeedError, match="incomplete"):
        seed()

    assert (clock.now(), bucket.reads) == (NOW, 1)


def test_ten_conflicts_are_an_error() -> None:
    bucket, log, _, seed = seeded(WriteConflictError(), 1_000)

    with pytest.raises(SeedError) as caught:
        seed()

    assert (caught.value.code, caught.value.message) == (
        "SEED006",
        "Template 'welcome' kept changing while it was being written",
    )
    assert bucket.reads == 10
    assert log.lines == [{"level": "INFO", "event": "starter.conflict", "template": "welcome"}] * 10
