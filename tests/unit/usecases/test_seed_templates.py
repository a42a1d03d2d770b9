"""The seeder on a bucket in memory, with other writers and crashes between any two calls."""

import json
from collections.abc import Callable, Sequence
from itertools import count

import pytest

from sesmail_layer.domain.template.starters import SeedError, Starter
from sesmail_layer.runtime.logging import configure
from sesmail_layer.usecases.seed_templates import SeedResult, SeedTemplates, StoredFile, WriteConflictError, clean_up
from tools.simulation.fakes import FakeClock

Files = dict[tuple[str, str], StoredFile]


def starter(name: str = "welcome", version: str = "1.0.0") -> Starter:
    bodies = {"template.html": f"<p>{name} {version}".encode(), "template.txt": f"{name} {version}".encode()}
    return Starter(name, bodies, json.dumps({"version": version}).encode())


class Starters:
    def __init__(self, *starters: Starter) -> None:
        self.starters = starters

    def load(self) -> Sequence[Starter]:
        return self.starters


class FakeKeys:
    def __init__(self, error: SeedError | None = None) -> None:
        self.calls: list[str] = []
        self.error = error

    def create(self) -> None:
        self.calls.append("create")
        if self.error:
            raise self.error

    def delete(self) -> None:
        self.calls.append("delete")


class FakeBucket:
    """S3 with its conditional writes; `before_call` is called with the number of each call."""

    def __init__(self, files: Files | None = None, before_call: Callable[[int], None] = lambda _: None) -> None:
        self.files: Files = {} if files is None else files
        self.before_call = before_call
        self.calls = count(1)
        self.written: list[tuple[str, str]] = []

    def read(self, name: str, file: str) -> StoredFile | None:
        self.before_call(next(self.calls))
        return self.files.get((name, file))

    def write(self, name: str, file: str, content: bytes, *, replaces: StoredFile | None) -> None:
        self.before_call(next(self.calls))
        there = self.files.get((name, file))
        if (there.etag if there else None) != (replaces.etag if replaces else None):
            raise WriteConflictError
        self.put(name, file, content)
        self.written.append((name, file))

    def put(self, name: str, file: str, content: bytes) -> None:
        before = self.files.get((name, file))
        self.files[name, file] = StoredFile(content, f"{int(before.etag) + 1 if before else 0}")

    def contents(self) -> dict[tuple[str, str], bytes]:
        return {key: stored.content for key, stored in self.files.items()}


def seed(bucket: FakeBucket, *starters: Starter) -> SeedResult:
    return SeedTemplates(FakeKeys(), Starters(*starters), bucket, FakeClock(), configure("INFO"))()


def expected(*starters: Starter) -> dict[tuple[str, str], bytes]:
    files = {(one.name, file): content for one in starters for file, content in one.bodies.items()}
    return files | {(one.name, "metadata.json"): one.metadata for one in starters}


def test_missing_starters_are_installed_lower_versions_updated_and_others_skipped() -> None:
    bucket = FakeBucket()
    seed(bucket, starter("invoice", "1.0.0"), starter("receipt", "3.0.0"))
    result = seed(bucket, starter("invoice", "1.1.0"), starter("receipt", "2.0.0"), starter("welcome"))
    assert result.answer() == {
        "statusCode": 200,
        "installed": ["welcome"],
        "updated": ["invoice"],
        "skipped": ["receipt"],
        "message": "Installed 1, updated 1, skipped 1",
    }
    assert bucket.contents() == expected(starter("invoice", "1.1.0"), starter("receipt", "3.0.0"), starter("welcome"))


def test_metadata_is_written_last() -> None:
    bucket = FakeBucket()
    seed(bucket, starter())
    assert [file for _, file in bucket.written] == ["template.html", "template.txt", "metadata.json"]


def test_a_second_run_writes_nothing() -> None:
    bucket = FakeBucket()
    seed(bucket, starter())
    bucket.written.clear()
    assert seed(bucket, starter()).skipped == ["welcome"]
    assert bucket.written == []


def test_templates_of_the_user_and_edited_starters_are_not_changed() -> None:
    bucket = FakeBucket()
    bucket.put("mine", "template.html", b"<p>mine")
    bucket.put("welcome", "template.html", b"<p>edited")
    bucket.put("welcome", "metadata.json", b'{"version": "1.0.0"}')
    before = bucket.contents()
    seed(bucket, starter())
    assert bucket.contents() == before


class Killed(BaseException):
    pass


@pytest.mark.parametrize("installed", [[], [starter(version="0.9.0")]])
@pytest.mark.parametrize("fatal_call", range(1, 8))
def test_an_interrupted_run_is_completed_by_the_next(fatal_call: int, installed: list[Starter]) -> None:
    bucket = FakeBucket()
    seed(bucket, *installed)

    def crash(call: int) -> None:
        if call == fatal_call:
            raise Killed

    crashing = FakeBucket(bucket.files, crash)
    if fatal_call <= 6:
        with pytest.raises(Killed):
            seed(crashing, starter())
        assert bucket.contents().get(("welcome", "metadata.json")) != starter().metadata
    seed(bucket, starter())
    assert bucket.contents() == expected(starter())


@pytest.mark.parametrize("versions", [("1.0.0", "1.0.0"), ("1.1.0", "1.0.0"), ("1.0.0", "1.1.0")])
@pytest.mark.parametrize("installed", [[], [starter(version="0.9.0")]])
@pytest.mark.parametrize("interrupted_call", range(1, 7))
def test_two_concurrent_runs_install_one_complete_template(
    interrupted_call: int, installed: list[Starter], versions: tuple[str, str]
) -> None:
    files: Files = {}
    seed(FakeBucket(files), *installed)

    def other_run(call: int) -> None:
        if call == interrupted_call:
            seed(FakeBucket(files), starter(version=versions[1]))

    seed(FakeBucket(files, other_run), starter(version=versions[0]))
    assert FakeBucket(files).contents() == expected(starter(version=max(versions)))


def test_only_one_of_two_concurrent_runs_reports_an_installation() -> None:
    files: Files = {}
    answers: list[SeedResult] = []

    def other_run(call: int) -> None:
        if call == 6:
            answers.append(seed(FakeBucket(files), starter()))

    answers.append(seed(FakeBucket(files, other_run), starter()))
    assert sorted((answer.installed, answer.skipped) for answer in answers) == [([], ["welcome"]), (["welcome"], [])]


def test_a_concurrent_edit_that_raises_the_version_is_kept() -> None:
    bucket = FakeBucket()

    def edit(call: int) -> None:
        if call == 6:
            bucket.put("welcome", "metadata.json", b'{"version": "9.0.0"}')

    bucket.before_call = edit
    assert seed(bucket, starter()).skipped == ["welcome"]
    assert bucket.contents()["welcome", "metadata.json"] == b'{"version": "9.0.0"}'


def test_a_template_that_changes_on_every_try_is_an_error() -> None:
    bucket = FakeBucket()
    bucket.before_call = lambda _: bucket.put("welcome", "template.html", b"<p>edited")
    with pytest.raises(SeedError, match="Template 'welcome' kept changing") as caught:
        seed(bucket, starter())
    assert caught.value.code == "SEED006"


def test_the_keys_are_created_before_the_templates() -> None:
    keys = FakeKeys(SeedError("denied", code="SEED000"))
    bucket = FakeBucket()
    with pytest.raises(SeedError):
        SeedTemplates(keys, Starters(starter()), bucket, FakeClock(), configure("INFO"))()
    assert (keys.calls, bucket.written) == (["create"], [])


@pytest.mark.parametrize(
    ("event", "is_destroyed", "calls"),
    [
        ({"retain_data": False, "starters": "a", "tf": {"action": "delete", "prev_input": None}}, True, ["delete"]),
        ({"retain_data": True, "starters": "a", "tf": {"action": "delete", "prev_input": None}}, True, []),
        ({"retain_data": False, "starters": "a", "tf": {"action": "create", "prev_input": None}}, False, []),
        ({"retain_data": False, "starters": "b", "tf": {"action": "update", "prev_input": {}}}, False, []),
        ({"tf": {"action": "delete"}}, False, []),
        ({}, False, []),
        (None, False, []),
    ],
)
def test_only_a_destroy_that_keeps_no_data_deletes_the_keys(
    event: object, is_destroyed: bool, calls: list[str]
) -> None:
    keys = FakeKeys()
    assert clean_up(event, keys) is is_destroyed
    assert keys.calls == calls
