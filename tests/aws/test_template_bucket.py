"""Templates from S3: found, cached, revalidated; missing files are named."""

from __future__ import annotations

import gc
import json
import traceback
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.template_bucket import CACHED_TEMPLATES, FRESH_SECONDS, TemplateBucket
from sesmail_layer.domain.errors import PermanentError, TransientError
from sesmail_layer.domain.template.templates import Template
from sesmail_layer.usecases.sender.prepare import COMPILE_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "sesmailengine-templates-123456789012"
FILES = {"template.html": "<p>Hello</p>", "template.txt": "Hello", "metadata.json": '{"subject": "Hi"}'}


class Clock:
    time = 1_795_516_260.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Bucket:
    """A bucket in moto, its adapter, and the requests and answers of S3."""

    def __init__(self, client: S3Client) -> None:
        self.client = client
        self.clock = Clock()
        self.compilations = 0
        self.out_of_time = False
        self.templates = TemplateBucket(client, BUCKET, self.clock, self._limit)
        self.answers: list[tuple[str, int]] = []
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        client.meta.events.register("after-call.s3.GetObject", self._note)
        client.meta.events.register("before-parameter-build.s3.GetObject", self._asked)
        self._key = ""

    @contextmanager
    def _limit(self, seconds: float) -> Iterator[None]:
        assert seconds == COMPILE_SECONDS
        self.compilations += 1
        if self.out_of_time:
            raise PermanentError("template_render_error", "it took over 8 s", code="TMPL012")
        yield

    def _asked(self, params: dict[str, Any], **_: object) -> None:
        self._key = params["Key"]

    def _note(self, http_response: Any, **_: object) -> None:
        self.answers.append((self._key, http_response.status_code))

    def put(self, name: str = "welcome", **files: str) -> None:
        for file, content in {**FILES, **files}.items():
            self.write(f"{name}/{file}", content)

    def write(self, path: str, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=BUCKET, Key=f"templates/{path}", Body=body)

    def remove(self, path: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f"templates/{path}")

    def load(self, name: str = "welcome", locale: str | None = None) -> Template:
        self.answers.clear()
        return self.templates.load(name, locale, COMPILE_SECONDS)

    def html(self, name: str = "welcome", locale: str | None = None) -> str:
        return self.load(name, locale).render({}, None).html

    def statuses(self) -> list[int]:
        return [status for _, status in self.answers]


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with mock_aws():
        yield Bucket(boto3.client("s3"))


def failure(bucket: Bucket, name: str = "welcome") -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        bucket.load(name)
    return caught.value


def test_a_template_is_read_file_by_file_from_its_folder_and_nowhere_else(bucket: Bucket) -> None:
    bucket.put()
    assert bucket.html() == "<p>Hello</p>"
    assert [key for key, _ in bucket.answers] == [f"templates/welcome/{file}" for file in FILES]


def test_for_five_minutes_s3_is_not_called_again(bucket: Bucket) -> None:
    bucket.put()
    first = bucket.load()
    bucket.clock.sleep(FRESH_SECONDS - 1)
    assert bucket.load() is first
    assert bucket.answers == []


def test_a_recheck_asks_s3_at_the_next_load_alone(bucket: Bucket) -> None:
    bucket.put()
    bucket.load()
    bucket.write("welcome/template.html", "<p>New</p>")
    bucket.templates.recheck("other", None)
    assert bucket.html() == "<p>Hello</p>"
    bucket.templates.recheck("welcome", None)
    assert bucket.html() == "<p>New</p>"
    assert bucket.statuses() == [200, 304, 304]
    bucket.load()
    assert bucket.answers == []


def test_after_five_minutes_a_revalidation_costs_no_download_and_no_compilation(bucket: Bucket) -> None:
    bucket.put()
    first = bucket.load()
    for _ in range(3):
        bucket.clock.sleep(FRESH_SECONDS)
        assert bucket.load() is first
        assert bucket.statuses() == [304, 304, 304]
        assert bucket.load() is first
        assert bucket.answers == []


@pytest.mark.parametrize("file", FILES)
def test_a_changed_file_is_used_after_five_minutes(bucket: Bucket, file: str) -> None:
    bucket.put()
    bucket.load()
    changed = '{"subject": "changed"}' if file == "metadata.json" else "changed"
    bucket.write(f"welcome/{file}", changed)
    bucket.clock.sleep(FRESH_SECONDS)
    rendered = bucket.load().render({}, None)
    assert "changed" in (rendered.html, rendered.text, rendered.subject)
    assert sorted(bucket.statuses()) == [200, 304, 304]


def test_a_deleted_file_is_missing_after_five_minutes(bucket: Bucket) -> None:
    bucket.put()
    bucket.load()
    bucket.remove("welcome/template.txt")
    bucket.clock.sleep(FRESH_SECONDS)
    assert failure(bucket).code == "TMPL003"


def test_a_template_that_was_broken_is_read_again_at_once(bucket: Bucket) -> None:
    bucket.put(**{"template.html": "{{ broken"})
    assert failure(bucket).code == "TMPL009"
    bucket.put()
    assert bucket.html() == "<p>Hello</p>"


def test_a_template_that_takes_too_long_to_compile_costs_its_emails_the_time_once(bucket: Bucket) -> None:
    bucket.put()
    bucket.out_of_time = True
    assert [failure(bucket).code for _ in range(10)] == ["TMPL012"] * 10
    assert bucket.compilations == 1


def test_a_cached_error_does_not_keep_its_batch_in_memory(bucket: Bucket) -> None:
    bucket.put(**{"template.html": "{{ broken"})

    def batch() -> weakref.ref[Clock]:
        raw_mail = Clock()
        for _ in range(2):
            failure(bucket)
        return weakref.ref(raw_mail)

    left = batch()
    gc.collect()
    assert left() is None


def test_an_error_is_cached_for_its_files_and_for_five_minutes_at_most(bucket: Bucket) -> None:
    bucket.put()
    bucket.out_of_time = True
    failure(bucket)
    bucket.out_of_time = False
    for _ in range(4):
        bucket.clock.sleep(FRESH_SECONDS / 4 - 1)
        assert failure(bucket).code == "TMPL012"
    bucket.clock.sleep(4)
    assert bucket.html() == "<p>Hello</p>"

    bucket.out_of_time = True
    bucket.put("other")
    failure(bucket, "other")
    bucket.out_of_time = False
    bucket.write("other/template.html", "fixed")
    assert bucket.html("other") == "fixed"


def test_a_cached_error_does_not_keep_the_compilers_objects_in_memory(bucket: Bucket) -> None:
    bucket.put(**{"template.html": "{{ broken"})
    refusals = [failure(bucket) for _ in range(3)]
    assert {refusal.message for refusal in refusals} == {refusals[0].message}
    assert bucket.compilations == 1
    assert all(refusal.__cause__ is refusal.__context__ is None for refusal in refusals)
    assert len(traceback.extract_tb(refusals[2].__traceback__)) == len(traceback.extract_tb(refusals[1].__traceback__))


def test_fifty_templates_are_cached_and_the_least_recently_used_is_evicted(bucket: Bucket) -> None:
    assert CACHED_TEMPLATES == 50
    for number in range(51):
        bucket.put(f"t{number}")
    for number in range(50):
        bucket.load(f"t{number}")
    bucket.load("t0")
    assert bucket.answers == []
    bucket.load("t50")
    assert len(bucket.answers) == 3
    bucket.load("t0")
    assert bucket.answers == [], "recently used, so cached"
    bucket.load("t1")
    assert len(bucket.answers) == 3, "least recently used, so evicted"


def test_a_missing_template_is_not_found(bucket: Bucket) -> None:
    error = failure(bucket, "nowhere")
    assert (error.error_type, error.code, error.message) == (
        "template_not_found",
        "TMPL001",
        "Template 'nowhere' not found",
    )


@pytest.mark.parametrize(
    ("file", "code"), [("template.html", "TMPL002"), ("template.txt", "TMPL003"), ("metadata.json", "TMPL004")]
)
def test_a_missing_file_is_named(bucket: Bucket, file: str, code: str) -> None:
    bucket.put()
    bucket.remove(f"welcome/{file}")
    error = failure(bucket)
    assert (error.error_type, error.code, error.message) == (
        "template_not_found",
        code,
        f"Template 'welcome' missing {file}",
    )


@pytest.mark.parametrize("file", FILES)
def test_a_file_over_256_kilobytes_is_rejected_before_it_is_read(bucket: Bucket, file: str) -> None:
    bucket.put()
    bucket.write(f"welcome/{file}", b" " * 262_145)
    error = failure(bucket)
    assert (error.error_type, error.code) == ("template_render_error", "TMPL008")
    assert error.message == "Template 'welcome' file too large: 262145 bytes (max 262144 bytes)"


def test_invalid_metadata_is_named(bucket: Bucket) -> None:
    bucket.put(**{"metadata.json": "{"})
    assert failure(bucket).code == "TMPL005"


LOCALISED = {
    "template.fr.html": "<p>Bonjour</p>",
    "template.fr-CA.html": "<p>Allo</p>",
    "template.fr.txt": "Bonjour",
    "metadata.json": json.dumps({"subject": "Hi", "subject.fr": "Salut"}),
}


@pytest.mark.parametrize(
    ("locale", "html", "text", "subject"),
    [
        (None, "<p>Hello</p>", "Hello", "Hi"),
        ("de", "<p>Hello</p>", "Hello", "Hi"),
        ("fr", "<p>Bonjour</p>", "Bonjour", "Salut"),
        ("fr-CA", "<p>Allo</p>", "Bonjour", "Salut"),
        ("fr-BE", "<p>Bonjour</p>", "Bonjour", "Salut"),
        ("fr-CA-x-private", "<p>Allo</p>", "Bonjour", "Salut"),
    ],
)
def test_each_file_is_read_in_the_nearest_existing_locale(
    bucket: Bucket, locale: str | None, html: str, text: str, subject: str
) -> None:
    bucket.put(**LOCALISED)
    rendered = bucket.load(locale=locale).render({}, None)
    assert (rendered.html, rendered.text, rendered.subject) == (html, text, subject)


def test_locales_are_cached_separately_and_a_new_one_is_found(bucket: Bucket) -> None:
    bucket.put()
    assert bucket.html(locale="fr") == bucket.html() == "<p>Hello</p>"
    bucket.write("welcome/template.fr.html", "<p>Bonjour</p>")
    assert bucket.html(locale="fr") == "<p>Hello</p>"
    bucket.clock.sleep(FRESH_SECONDS)
    assert bucket.html(locale="fr") == "<p>Bonjour</p>"
    assert bucket.html() == "<p>Hello</p>"


@pytest.mark.parametrize("code", ["AccessDenied", "InternalError", "SlowDown", "NoSuchBucket", "403"])
def test_an_s3_that_cannot_answer_is_a_transient_error(bucket: Bucket, code: str) -> None:
    with Stubber(bucket.client) as stub:
        stub.add_client_error("get_object", code, http_status_code=503)
        with pytest.raises(TransientError) as caught:
            bucket.load()
    assert caught.value.code == "AWS002"
    assert caught.value.message == f"S3 error loading template: {code} for 'welcome/template.html'"


def test_an_interrupted_download_is_a_transient_error(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    class Body:
        def read(self) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://s3.eu-west-1.amazonaws.com")

    monkeypatch.setattr(bucket.client, "get_object", lambda **_: {"ContentLength": 5, "Body": Body(), "ETag": "x"})
    with pytest.raises(TransientError, match=r"^S3 error loading template: ReadTimeoutError for ") as caught:
        bucket.load()
    assert caught.value.code == "AWS002"
