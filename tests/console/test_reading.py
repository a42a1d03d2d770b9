"""Pages that need many files of the bucket: each load asks AWS three times at most, however many there are."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sesmail_cli.console import reading
from sesmail_cli.templates import bucket_reads
from sesmail_cli.templates.bucket_reads import BucketReads
from sesmail_cli.templates.gallery.shelf import FolderShelf
from tests.cli.conftest import MotoEngine
from tests.console.conftest import BASE, Html, Visitor
from tests.console.test_templates import BUCKET, Bucket, visitor_of

LOCALES = [f"{language}-{region}" for language in ("de", "fr", "es", "pt") for region in ("AT", "BE", "CH", "LU", "BR")]
RELEASES = 25
DATA = {"metadata.json": json.dumps({"subject": "Order", "version": "2.0.0"}), "sample.json": "{}"}
BODIES = {f"template{tag}.{kind}": "Hello" for tag in ("", *(f".{one}" for one in LOCALES)) for kind in ("html", "txt")}
# A browser follows at most 20 redirects; of one email it needs five files.
PAGES = {
    "releases": "templates/order/releases",
    "lint": "templates/order?part=lint",
    "push": "actions/push-template?template=order",
    "roll back": "actions/rollback-template?template=order",
    "send what is installed": "actions/send-test?template=order&to=ada%40example.com&locale=de-AT",
    "send from the folder": "actions/send-test?template=order&to=ada%40example.com&gallery=template-folder",
}


@pytest.fixture
def bucket(engine: MotoEngine) -> Bucket:
    made = Bucket()
    made.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for file, text in (BODIES | DATA).items():
        made.s3.put_object(Bucket=BUCKET, Key=f"templates/order/{file}", Body=text.encode())
    return made


@pytest.fixture
def visitor(bucket: Bucket, tmp_path: Path) -> Iterator[Visitor]:
    (tmp_path / "mine/order").mkdir(parents=True)
    for file, text in (BODIES | DATA).items():
        (tmp_path / "mine/order" / file).write_text(f"{text} " if file == "template.txt" else text)
    with visitor_of(tmp_path / "mine") as visitor:
        yield visitor


def release(bucket: Bucket, number: int) -> None:
    text = json.dumps({"subject": "Order", "version": f"1.{number}.0"})
    bucket.s3.put_object(Bucket=BUCKET, Key="templates/order/metadata.json", Body=text.encode())


def open_counted(visitor: Visitor, address: str, requests_counted: Callable[[], Any]) -> tuple[Html, int]:
    """Open a page; return it, and after how many loads it was there."""
    for load in range(1, 100):
        path, _, query = address.removeprefix(BASE).partition("?")
        with requests_counted() as asked:
            answer = visitor.get(path, query)
        assert len(asked) <= 3, asked
        assert answer.status in (200, 303), answer.content
        page = Html(str(answer.content))
        following = answer.headers.get("Refresh", "").removeprefix("0; url=") or answer.headers.get("Location")
        if not following:
            return page, load
        if answer.status == 200:
            assert "read. The page opens when all are there." in page.text
            assert following in page.hrefs, "it goes on without a script, too"
        address = following
    pytest.fail("The page never opens.")


@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
def test_each_load_asks_three_times_at_most(
    visitor: Visitor, bucket: Bucket, requests_counted: Callable[[], Any], address: str
) -> None:
    for number in range(RELEASES):
        release(bucket, number)
    page, loads = open_counted(visitor, address, requests_counted)
    assert loads > 1
    assert "order" in page.text


def test_releases_that_were_read_once_open_at_once(
    visitor: Visitor, bucket: Bucket, requests_counted: Callable[[], Any]
) -> None:
    for number in range(RELEASES):
        release(bucket, number)
    page, _ = open_counted(visitor, PAGES["releases"], requests_counted)
    assert "1.24.0" in page.text
    _, loads = open_counted(visitor, PAGES["releases"], requests_counted)
    assert loads == 1


def test_a_page_that_is_loaded_again_shows_what_is_there_then(visitor: Visitor, bucket: Bucket) -> None:
    for number in range(RELEASES):
        release(bucket, number)
    address = visitor.get("templates/order/releases").headers["Refresh"].removeprefix("0; url=")
    assert "1.25.0" not in str(visitor.read(address).content)
    release(bucket, RELEASES)
    assert "1.25.0" in str(visitor.read(address).content)


def test_of_readings_that_do_not_end_the_oldest_are_forgotten(
    visitor: Visitor, bucket: Bucket, requests_counted: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(RELEASES):
        release(bucket, number)
    monkeypatch.setattr(reading, "_KEPT_READINGS", 1)
    first, second = (visitor.get("templates/order/releases").headers["Refresh"].partition("?")[2] for _ in range(2))
    for query, asked_again in ((second, False), (first, True)):
        with requests_counted() as asked:
            visitor.get("templates/order/releases", query)
        assert ("ListObjectVersions" in asked) == asked_again


def test_a_long_listing_is_read_in_steps_too(
    visitor: Visitor, bucket: Bucket, requests_counted: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(RELEASES):
        release(bucket, number)
    shown, _ = open_counted(visitor, PAGES["roll back"], requests_counted)
    ask = BucketReads.ask

    def short(self: BucketReads, operation: str, **arguments: Any) -> Any:
        few: Any = {"MaxKeys": 7} if operation.startswith("list") else {}
        return ask(self, operation, **arguments, **few)

    monkeypatch.setattr(BucketReads, "ask", short)
    page, loads = open_counted(visitor, PAGES["roll back"], requests_counted)
    assert loads > 10
    assert "Roll order back?" in page.text
    assert page.text == shown.text


def test_of_a_bucket_without_versions_the_newest_file_is_shown(visitor: Visitor, bucket: Bucket) -> None:
    bucket.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    for number in (1, 2):
        release(bucket, number)
        assert f"1.{number}.0" in str(visitor.read("templates/order/releases").content)


def test_a_parameter_of_any_name_is_kept_from_step_to_step(visitor: Visitor) -> None:
    page = visitor.get("templates/order", "part=lint&path=a&self=b")
    assert page.headers["Refresh"] == f"0; url={BASE}templates/order?part=lint&path=a&self=b"


@pytest.mark.parametrize("page", ["push", "send from the folder"])
def test_the_folders_template_is_compiled_in_the_last_step_alone(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    compiled: list[str] = []
    load = FolderShelf.load

    def counted(self: FolderShelf, name: str) -> Any:
        compiled.append(name)
        return load(self, name)

    monkeypatch.setattr(FolderShelf, "load", counted)
    visitor.read(PAGES[page])
    assert compiled == ["order"]


def test_steps_of_one_reading_may_be_asked_for_at_the_same_time() -> None:
    readings = reading.BucketReadings(cast(Any, SimpleNamespace(bucket=BUCKET)))
    view: Any = SimpleNamespace(request=SimpleNamespace(query={"reading": "a"}), engine=SimpleNamespace(s3=None))

    def step(_: int) -> None:
        with readings.step(view):
            pass

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            assert len(list(threads.map(step, range(20_000)))) == 20_000
    finally:
        sys.setswitchinterval(interval)


def test_versions_are_kept_up_to_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_reads, "_KEPT_BYTES", 10)
    kept = bucket_reads.KeptVersions()
    for key in "abc":
        kept.keep(key, {"Body": b"1234"})
    assert list(kept) == ["b", "c"]
