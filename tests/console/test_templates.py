"""Templates in the console: what is installed, and each as an email."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from sesmail_cli.console.app import ConsoleApp
from sesmail_cli.operator.engine import Engine
from sesmail_cli.templates.files import load_template
from sesmail_layer.domain.template.files import MAX_FILE_BYTES
from tests.cli.conftest import ACCOUNT_ID, NAME, MotoEngine
from tests.console.conftest import BASE, HOSTILE, Html, Visitor
from tests.templates.conftest import ROOT

BUCKET = f"{NAME}-templates-{ACCOUNT_ID}"


class Bucket:
    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def put(self, name: str, **files: str | bytes) -> None:
        for file, content in files.items():
            key = f"templates/{name}/{file.replace('__', '.')}"
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def install(self, starter: str) -> None:
        for file, content in load_template(str(ROOT / "templates"), starter).files.items():
            self.s3.put_object(Bucket=BUCKET, Key=f"templates/{starter}/{file}", Body=content)

    def put_small(self, name: str, html: str, **metadata: Any) -> None:
        given = {"subject": "Hello", "requiredVariables": ["name"]} | metadata
        self.put(name, template__html=html, template__txt="Hello {{ name }}", metadata__json=json.dumps(given))


@pytest.fixture
def bucket(engine: MotoEngine) -> Bucket:
    return Bucket()


@contextmanager
def visitor_of(folder: Path | None = None) -> Iterator[Visitor]:
    console_engine = Engine(NAME)
    console_engine.prepare()
    app = ConsoleApp(console_engine, lambda: BASE, folder)
    yield Visitor(app)
    app.close()


@pytest.fixture
def visitor(bucket: Bucket) -> Iterator[Visitor]:
    with visitor_of() as visitor:
        yield visitor


def page_of(visitor: Visitor, path: str, query: str = "") -> Html:
    """Open a page, which may read a few files a time before it answers."""
    return Html(str(visitor.read(f"{path}?{query}").content))


def frame_of(visitor: Visitor, page: Html) -> str:
    """Return what the first frame of a template's page shows."""
    address = page.sources("iframe")[0]
    path, _, query = address.removeprefix(BASE).partition("?")
    answer = visitor.get(path, query)
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    return str(answer.content)


def given(visitor: Visitor, path: str, *fields: tuple[str, str]) -> Html:
    """Send a form; return the page that follows."""
    answer = visitor.post(path, *fields)
    assert answer.status == 303
    path, _, query = answer.headers["Location"].removeprefix(BASE).partition("?")
    return page_of(visitor, path, query)


def test_each_page_takes_three_requests_at_most(
    visitor: Visitor, bucket: Bucket, requests_counted: Callable[[], Any]
) -> None:
    for starter in ("welcome", "invoice"):
        bucket.install(starter)
    bucket.put("welcome", template__de__html="<p>Hallo</p>", template__de__txt="Hallo")
    visitor.text("templates")
    for path, query in (
        ("templates", ""),
        ("templates/welcome", ""),
        ("templates/welcome", "sample=sample.json&locale=de"),
        ("templates/invoice/thumbnail", ""),
        ("templates/invoice", "part=text"),
    ):
        answer = None
        while answer is None or answer.status == 303:
            with requests_counted() as asked:
                answer = visitor.get(path, query)
            assert len(asked) <= 3, (path, asked)
        assert answer.status == 200
    with requests_counted() as asked:
        visitor.text("templates/welcome", "sample=sample.json")
    assert asked == ["ListObjectsV2"]


def test_the_list_names_templates_with_their_languages(visitor: Visitor, bucket: Bucket) -> None:
    bucket.put_small("order", "<p>{{ name }}</p>")
    bucket.put("order", template__de__html="<p>Hallo {{ name }}</p>", notes__md="x")
    bucket.put("../etc", template__html="<p>no name of a template</p>")
    page = Html(visitor.text("templates"))
    assert "order default, de" in page.text
    assert "1 template." in page.text
    assert f"sesmail template preview s3://{BUCKET}" in page.text


def test_an_empty_bucket_says_what_to_do(visitor: Visitor) -> None:
    assert "No template is installed" in visitor.text("templates")


def test_a_template_is_rendered_with_its_sample_by_the_senders_code(visitor: Visitor, bucket: Bucket) -> None:
    bucket.install("welcome")
    page = page_of(visitor, "templates/welcome")
    assert "sesmail send-test welcome --to you@example.com" in page.text
    assert "Northwind Books <hello@" in page.text
    assert "<h1" in frame_of(visitor, page)


def test_the_engines_brand_is_what_the_sender_uses(engine: MotoEngine, bucket: Bucket) -> None:
    engine.configure(SESMAIL_BRAND='{"companyName": "Shop & Söhne"}')
    bucket.put_small("order", "<p>From {{ companyName }}</p>", requiredVariables=["companyName"])
    bucket.put("order", template__txt="From {{ companyName }}")
    with visitor_of() as visitor:
        assert "Shop &amp; Söhne" in frame_of(visitor, given(visitor, "templates/order", ("data", "{}")))


def test_data_that_was_entered_is_rendered(visitor: Visitor, bucket: Bucket) -> None:
    bucket.put_small("order", "<p>For {{ name }}</p>")
    assert "<p>For name</p>" in frame_of(visitor, page_of(visitor, "templates/order"))
    page = given(visitor, "templates/order", ("data", '{"name": "Ada & Co"}'), ("mode", "dark"))
    assert "Ada & Co" in page.text
    assert "<p>For Ada &amp; Co</p>" in frame_of(visitor, page)


@pytest.mark.parametrize(("data", "error"), [("{", "The data is not JSON"), ("{}", "TMPL"), ("[]", "templateData")])
def test_wrong_data_shows_the_senders_error(visitor: Visitor, bucket: Bucket, data: str, error: str) -> None:
    bucket.put_small("order", "<p>{{ name }}</p>")
    assert error in given(visitor, "templates/order", ("data", data)).text


def test_lint_reads_every_file_of_the_template(visitor: Visitor, bucket: Bucket) -> None:
    bucket.put_small("order", "<p>{{ name }}</p>")
    bucket.put("order", template__fr__html="<p>{{ nom }}</p>", template__fr__txt="{{ name }}")
    assert "'nom' is used" in page_of(visitor, "templates/order", "part=lint").text


def test_a_change_in_the_bucket_shows_at_once_also_a_deletion(visitor: Visitor, bucket: Bucket) -> None:
    bucket.put_small("order", "<p>old</p>")
    bucket.put("order", template__de__html="<p>alt</p>", template__de__txt="alt")
    assert "alt" in frame_of(visitor, page_of(visitor, "templates/order", "locale=de"))
    bucket.put_small("order", "<p>new</p>")
    for file in ("template.de.html", "template.de.txt"):
        bucket.s3.delete_object(Bucket=BUCKET, Key=f"templates/order/{file}")
    assert "<p>new</p>" in frame_of(visitor, page_of(visitor, "templates/order", "locale=de"))


def test_files_that_are_too_large_are_left_out_and_not_asked_for_forever(visitor: Visitor, bucket: Bucket) -> None:
    bucket.put_small("order", "<p>For {{ name }}</p>")
    large = b"x" * (MAX_FILE_BYTES + 1)
    bucket.put("order", template__html=large, sample__json=large, sample__minimal__json=large)
    page = page_of(visitor, "templates/order")
    assert "template.html" in page.text
    assert "262.1 KB" in page.text
    answer = visitor.get("actions/send-test", "template=order&to=ada%40example.com")
    assert "The sender would record" in str(answer.content)


def test_a_hostile_template_stays_in_its_frame(visitor: Visitor, bucket: Bucket) -> None:
    bucket.put_small("order", f"<p>{HOSTILE}</p>", description=HOSTILE, version=HOSTILE, requiredVariables=[HOSTILE])
    bucket.put("order", sample__json=HOSTILE)
    page_of(visitor, "templates/order")
    page = visitor.text("templates/order")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    shown_text, edited = re.sub(r"<textarea[^>]*>.*?</textarea>", "", page, flags=re.DOTALL), page.count("\u202e")
    assert "\x1b" not in Html(shown_text).text
    assert "\u202e" not in Html(shown_text).text
    assert edited, "what is edited stays as it is"
    page_of(visitor, "templates/order", "part=source")
    given(visitor, "templates/order", ("data", json.dumps({HOSTILE: HOSTILE})))
    shown = visitor.post("templates/order", ("data", json.dumps({HOSTILE: HOSTILE}))).headers["Location"]
    path, _, query = shown.removeprefix(BASE).partition("?")
    page = visitor.text(path, query)
    assert "<script>alert" not in page
    assert "<script>alert" not in page
    bucket.put_small("order", f"<p>{HOSTILE}</p>", requiredVariables=[])
    bucket.put("order", template__txt=HOSTILE, sample__json="{}")
    shown_page = page_of(visitor, "templates/order")
    assert shown_page.attributes("iframe", "sandbox") == ["", ""]
    assert "<script>alert(1)</script>" in frame_of(visitor, shown_page)


def test_an_unknown_template_is_named(visitor: Visitor) -> None:
    for path in ("templates/none", "templates/../x", "templates/none/thumbnail"):
        answer = visitor.get(path)
        assert answer.status in (400, 404)
    assert "There is no template &#39;none&#39;" in str(visitor.get("templates/none").content)
