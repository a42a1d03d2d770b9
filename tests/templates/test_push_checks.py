"""What `sesmail template push` refuses, and what `pull` writes, on moto."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesmail_cli.templates import bucket_commands
from tests.templates.conftest import BUCKET
from tests.templates.test_bucket_commands import Bucket, aws

__all__ = ["aws"]


@pytest.mark.parametrize("rule", ["TMPL004", "TMPL009"])
def test_an_error_that_the_sender_would_record_cannot_be_ignored(aws: Bucket, rule: str) -> None:
    if rule == "TMPL004":
        (aws.folder / "hello/metadata.json").unlink()
    else:
        aws.edit("template.html", '<html lang="en">{{ name')
    result = aws.run("push", str(aws.folder), "--yes", "--ignore", rule, exit_code=1)
    assert rule in result.stderr
    assert "Nothing was installed" in result.stderr
    assert aws.versions() == {}


def test_a_name_that_no_request_may_have_cannot_be_ignored(aws: Bucket) -> None:
    (aws.folder / "hello").rename(aws.folder / "hello.old")
    result = aws.run("push", str(aws.folder), "--yes", "--ignore", "bad-name", exit_code=1)
    assert "'hello.old' is no template's name" in result.stderr
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=BUCKET)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--bulk=helo", "--bulk: found 'helo'; allowed: hello"),
        ("--ignore=missing-titel", "--ignore: found 'missing-titel'; allowed: active-content, "),
    ],
)
def test_a_misspelt_name_in_an_option_stops_the_push(aws: Bucket, option: str, message: str) -> None:
    assert message in aws.run("push", str(aws.folder), "--yes", option, exit_code=2).stderr
    assert aws.versions() == {}


def test_a_brand_that_cannot_be_read_stops_a_push_that_ignores_its_rule(aws: Bucket) -> None:
    (aws.folder / "brand.json").write_text("{")
    result = aws.run("push", str(aws.folder), "--yes", "--ignore", "bad-brand", exit_code=2)
    assert "hello/../brand.json does not compile" in result.stderr
    assert aws.versions() == {}


def test_a_push_that_is_stopped_names_what_it_installed_before(aws: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    (aws.folder / "last").mkdir()
    for file in ("template.html", "template.txt", "metadata.json"):
        (aws.folder / "last" / file).write_bytes((aws.folder / "hello" / file).read_bytes())

    def caller_is_slow(context: object) -> str:
        aws.s3.put_object(Bucket=BUCKET, Key="templates/last/template.txt", Body=b"theirs")
        return "user/designer"

    monkeypatch.setattr(bucket_commands, "identity", caller_is_slow)
    result = aws.run("push", str(aws.folder), "--yes", exit_code=2)
    assert "last/template.txt was changed by somebody else" in result.stderr
    assert "Installed before it: hello." in result.stderr
    assert aws.text() == "Hello {{ name }}"


def test_a_template_without_metadata_is_pulled(aws: Bucket, tmp_path: Path) -> None:
    aws.s3.put_object(Bucket=BUCKET, Key="templates/hello/template.txt", Body=b"Hello {{ name }}")
    result = aws.run("pull", "--to", str(tmp_path / "copy"), "--yes")
    assert result.stdout.endswith(": hello\n")
    assert (tmp_path / "copy/hello/template.txt").read_text() == "Hello {{ name }}"


@pytest.mark.parametrize("link", ["hello", "hello/template.txt"])
def test_pull_writes_through_no_link(aws: Bucket, tmp_path: Path, link: str) -> None:
    aws.push("one", "1.0.0")
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "copy" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere)
    if link == "hello":
        elsewhere.mkdir()
    result = aws.run("pull", "--to", str(tmp_path / "copy"), "--yes", exit_code=2)
    assert "is a link" in result.stderr
    assert not elsewhere.is_file()
    assert list(tmp_path.rglob("copy/hello/*.html")) == []
