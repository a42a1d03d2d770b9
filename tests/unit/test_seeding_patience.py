"""How long the seeder waits for IAM, and for a bucket in which somebody else writes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sesmail_layer.domain.template.starters import SeedError, Starter
from sesmail_layer.usecases.seed_templates import SeedTemplates, StoredFile, WriteConflictError
from tools.simulation.fakes import NOW, FakeClock, FakeLog


class Bucket:
    """Denies, or changes, for as long as it is told to."""

    def __init__(self, clock: FakeClock, error: Exception, until: float) -> None:
        self.reads = 0
        self._clock, self._error, self._until = clock, error, until

    def load(self) -> Sequence[Starter]:
        return [Starter("welcome", {"template.html": b"x"}, b'{"version": "1.2.0"}')]

    def read(self, name: str, file: str) -> StoredFile | None:
        self.reads += 1
        if self._clock.now() < self._until:
            raise self._error
        return None

    def write(self, name: str, file: str, content: bytes, *, replaces: StoredFile | None) -> None: ...


def seeded(error: Exception, seconds: float) -> tuple[Bucket, FakeLog, FakeClock, SeedTemplates]:
    clock, log = FakeClock(), FakeLog()
    bucket = Bucket(clock, error, NOW + seconds)
    return bucket, log, clock, SeedTemplates(bucket, bucket, clock, log)


@pytest.mark.parametrize("code", ["SEED003", "SEED004"])
def test_rights_that_come_within_twenty_seconds_are_waited_for(code: str) -> None:
    _, log, clock, seed = seeded(SeedError("denied", code=code), 19)

    assert seed().installed == ["welcome"]

    assert clock.now() == NOW + 20
    assert log.lines[:10] == [{"level": "INFO", "event": "seed.access_denied", "code": code}] * 10
    assert log.lines[10:] == [
        {"level": "INFO", "event": "starter.installed", "template": "welcome", "version": "1.2.0"}
    ]


def test_rights_that_do_not_come_are_told_after_twenty_seconds() -> None:
    bucket, _, clock, seed = seeded(SeedError("denied", code="SEED003"), 1_000)

    with pytest.raises(SeedError, match="denied"):
        seed()

    assert (clock.now(), bucket.reads) == (NOW + 20, 11)


def test_what_is_no_matter_of_rights_is_told_at_once() -> None:
    bucket, _, clock, seed = seeded(SeedError("incomplete", code="SEED005"), 1_000)

    with pytest.raises(SeedError, match="incomplete"):
        seed()

    assert (clock.now(), bucket.reads) == (NOW, 1)


def test_a_template_that_never_stands_still_is_told_after_ten_tries() -> None:
    bucket, log, _, seed = seeded(WriteConflictError(), 1_000)

    with pytest.raises(SeedError) as caught:
        seed()

    assert (caught.value.code, caught.value.message) == (
        "SEED006",
        "Template 'welcome' kept changing while it was being written",
    )
    assert bucket.reads == 10
    assert log.lines == [{"level": "INFO", "event": "starter.conflict", "template": "welcome"}] * 10
