"""`sesmail template push`, `pull`, `diff`, `list` and `rollback` on moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws
from typer.testing import CliRunner, Result

from sesmail_cli.main import app
from sesmail_cli.templates import bucket, bucket_commands
from sesmail_cli.templates.files import load_template
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text
from sesmail_layer.runtime.clock import SystemClock
from tests.cli.records import entry, record
from tests.templates.conftest import BUCKET
from tools.simulation.tables import tables

CALLER = "user/designer"


class Bucket:
    """The versioned bucket of an engine. Like S3's, its times have whole seconds; they pass only by `sleep`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.s3: Any = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def run(self, *arguments: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["template", *arguments])
        assert result.exit_code == exit_code, (result.output, result.exception)
        return result

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", exit_code=exit_code).stdout)

    def edit(self, file: str, content: str) -> None:
        (self.folder / "hello" / file).write_text(content)

    def push(self, text: str, version: str) -> None:
        """Install the template with this text and version."""
        self.edit("template.txt", f"{text} {{{{ name }}}}")
        self.edit("metadata.json", json.dumps({"subject": "x", "requiredVariables": ["name"], "version": version}))
        self.run("push", str(self.folder), "--yes")

    def text(self, file: str = "template.txt") -> str:
        answer = self.s3.get_object(Bucket=BUCKET, Key=f"templates/hello/{file}")
        return str(answer["Body"].read().decode())

    def versions(self) -> dict[str, int]:
        found = self.s3.list_object_versions(Bucket=BUCKET, Prefix="templates/hello/")
        keys = [each["Key"].rpartition("/")[2] for each in found.get("Versions", [])]
        return {key: keys.count(key) for key in keys}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, folder: Path, cached_api_models: None) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "SESMAIL_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(bucket_commands, "identity", lambda context: CALLER)
    now = [datetime.now(UTC).replace(microsecond=0)]
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: now[0].replace(microsecond=0, tzinfo=None))

    def sleep(self: SystemClock, seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    with mock_aws():
        yield Bucket(folder)


def test_a_new_template_is_installed_with_all_its_files_and_the_callers_name(aws: Bucket) -> None:
    aws.edit("template.fr.txt", "Bonjour {{ name }}")
    aws.edit("sample.json", '{"name": "Ada"}')
    aws.edit("notes.txt", "not a part of it")
    result = aws.run("push", str(aws.folder), "--yes")
    assert "hello 1.0.0 (not installed yet)" in result.stdout
    assert set(aws.versions()) == {
        *("template.html", "template.txt", "template.fr.txt", "metadata.json", "sample.json"),
    }
    assert aws.text("template.fr.txt") == "Bonjour {{ name }}"
    stored = aws.s3.head_object(Bucket=BUCKET, Key="templates/hello/template.html")
    assert (stored["ContentType"], stored["Metadata"]) == ("text/html; charset=utf-8", {"sesmail-by": CALLER})


def test_only_what_changed_is_written_and_the_metadata_last(aws: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.run("push", str(aws.folder), "--yes")
    assert "no difference" in aws.run("push", str(aws.folder), "--yes").stdout
    assert aws.versions() == {"template.html": 1, "template.txt": 1, "metadata.json": 1}
    written: list[str] = []
    write = bucket.TemplateReleases.write

    def recording(self: Any, name: str, file: str, content: bytes, **options: Any) -> None:
        written.append(file)
        write(self, name, file, content, **options)

    monkeypatch.setattr(bucket.TemplateReleases, "write", recording)
    aws.edit("template.txt", "Good day {{ name }}")
    result = aws.run("push", str(aws.folder), "--yes")
    assert "-Hello {{ name }}\n+Good day {{ name }}\n" in result.stdout
    assert written == ["template.txt", "metadata.json"]


def test_a_file_that_the_folder_no_longer_has_is_removed_and_others_stay(aws: Bucket) -> None:
    aws.edit("template.fr.txt", "Bonjour {{ name }}")
    aws.run("push", str(aws.folder), "--yes")
    aws.s3.put_object(Bucket=BUCKET, Key="templates/hello/README.md", Body=b"ours")
    aws.s3.put_object(Bucket=BUCKET, Key="templates/other/template.txt", Body=b"theirs")
    (aws.folder / "hello/template.fr.txt").unlink()
    assert "removed template.fr.txt" in aws.run("push", str(aws.folder), "--yes").stdout
    keys = [each["Key"] for each in aws.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert "templates/hello/template.fr.txt" not in keys
    assert {"templates/hello/README.md", "templates/other/template.txt"} <= set(keys)


def test_an_error_of_the_linter_stops_all_templates(aws: Bucket) -> None:
    (aws.folder / "good").mkdir()
    for file in ("template.html", "template.txt", "metadata.json"):
        (aws.folder / "good" / file).write_bytes((aws.folder / "hello" / file).read_bytes())
    aws.edit("template.txt", "Hello {{ nam }}")
    result = aws.run("push", str(aws.folder), "--yes", exit_code=1)
    assert "undeclared-variable" in result.stderr
    assert "Nothing was installed" in result.stderr
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=BUCKET)


def test_a_warning_stops_a_strict_push_unless_it_is_ignored(aws: Bucket) -> None:
    aws.run("push", str(aws.folder), "--yes", "--strict", exit_code=1)
    assert aws.versions() == {}
    ignored = ["--ignore", "missing-title", "--ignore", "missing-viewport"]
    aws.run("push", str(aws.folder), "--yes", "--strict", *ignored)
    assert aws.text() == "Hello {{ name }}"


def test_without_an_answer_and_in_a_dry_run_nothing_is_written(aws: Bucket) -> None:
    assert "Add --yes" in aws.run("push", str(aws.folder), exit_code=1).stderr
    answer = aws.json("push", str(aws.folder), "--dry-run")
    assert [change["change"] for change in answer["templates"][0]["changes"]] == ["new", "new", "new"]
    assert answer["installed"] == []
    assert aws.versions() == {}


def test_a_file_that_somebody_changed_after_the_comparison_stops_the_push(
    aws: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.run("push", str(aws.folder), "--yes")
    aws.edit("template.txt", "Good day {{ name }}")

    def caller_is_slow(context: object) -> str:
        aws.s3.put_object(Bucket=BUCKET, Key="templates/hello/template.txt", Body=b"Theirs {{ name }}")
        return CALLER

    monkeypatch.setattr(bucket_commands, "identity", caller_is_slow)
    result = aws.run("push", str(aws.folder), "--yes", exit_code=2)
    assert "hello/template.txt was changed by somebody else meanwhile" in result.stderr
    assert aws.text() == "Theirs {{ name }}"


def test_an_interrupted_push_is_completed_by_the_next_one(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    # Only the body arrived.
    aws.s3.put_object(Bucket=BUCKET, Key="templates/hello/template.txt", Body=b"two {{ name }}")
    aws.edit("template.txt", "two {{ name }}")
    assert "changed after its last release" in aws.run("list").stderr
    aws.run("push", str(aws.folder), "--yes")
    assert aws.versions()["metadata.json"] == 2
    assert "changed after its last release" not in aws.run("list").stderr


def test_diff_shows_what_a_push_would_change_and_exits_with_1(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    assert "no difference" in aws.run("diff", str(aws.folder)).stdout
    aws.edit("template.txt", "two {{ name }}")
    assert "-one {{ name }}\n+two {{ name }}" in aws.run("diff", str(aws.folder), exit_code=1).stdout
    aws.edit("template.txt", "one {{ name }}\r\n")
    aws.s3.put_object(Bucket=BUCKET, Key="templates/hello/template.txt", Body=b"one {{ name }}\n")
    assert "(only line ends differ)" in aws.run("diff", str(aws.folder), exit_code=1).stdout


def test_rollback_brings_the_release_before_back_and_a_second_one_the_release_before_that(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    aws.push("two", "2.0.0")
    aws.push("three", "3.0.0")
    result = aws.run("rollback", "hello", "--yes")
    assert "hello 3.0.0 → 2.0.0" in result.stdout
    assert aws.text() == "two {{ name }}"
    aws.run("rollback", "hello", "--yes")
    assert aws.text() == "one {{ name }}"
    assert "No release of 'hello' before" in aws.run("rollback", "hello", "--yes", exit_code=2).stderr


def test_after_a_rollback_and_a_push_the_rollback_is_the_release_before(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    aws.push("two", "2.0.0")
    aws.run("rollback", "hello", "--yes")
    aws.push("three", "3.0.0")
    aws.run("rollback", "hello", "--yes")
    assert aws.text() == "one {{ name }}"
    # Not to the second one, which was rolled back before.
    assert "No release of 'hello' before" in aws.run("rollback", "hello", "--yes", exit_code=2).stderr


def test_rollback_restores_a_removed_file_and_removes_an_added_one(aws: Bucket) -> None:
    aws.edit("template.fr.txt", "Bonjour {{ name }}")
    aws.push("one", "1.0.0")
    (aws.folder / "hello/template.fr.txt").unlink()
    aws.edit("template.de.txt", "Hallo {{ name }}")
    aws.push("two", "2.0.0")
    aws.run("rollback", "hello", "--yes")
    stored = bucket.TemplateReleases(aws.s3, BUCKET).read("hello")
    assert set(stored.files) == {"template.html", "template.txt", "template.fr.txt", "metadata.json"}
    assert stored.contents["template.fr.txt"] == b"Bonjour {{ name }}"


def test_rollback_undoes_a_change_that_was_made_by_hand(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    aws.s3.put_object(Bucket=BUCKET, Key="templates/hello/template.txt", Body=b"by hand")
    aws.run("rollback", "hello", "--yes")
    assert aws.text() == "one {{ name }}"


def test_rollback_brings_a_deleted_template_back(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    for file in ("template.html", "template.txt", "metadata.json"):
        aws.s3.delete_object(Bucket=BUCKET, Key=f"templates/hello/{file}")
    aws.run("rollback", "hello", "--yes")
    assert aws.text() == "one {{ name }}"


def test_a_release_is_chosen_by_the_start_of_its_id(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    aws.push("two", "2.0.0")
    aws.push("three", "3.0.0")
    releases = aws.json("list", "hello")["releases"]
    assert [(one["version"], one["by"], one["current"]) for one in releases] == [
        ("3.0.0", CALLER, True),
        ("2.0.0", CALLER, False),
        ("1.0.0", CALLER, False),
    ]
    aws.run("rollback", "hello", "--to", releases[2]["id"][:8], "--yes")
    assert aws.text() == "one {{ name }}"
    assert f"rollback to {releases[2]['installedAt']}" in aws.run("list", "hello").stdout
    assert "names no release" in aws.run("rollback", "hello", "--to", "nothing", exit_code=2).stderr


def test_a_template_that_was_never_installed_has_no_releases(aws: Bucket) -> None:
    for command in (["list", "nothing"], ["rollback", "nothing"]):
        assert "No template 'nothing' is installed" in aws.run(*command, exit_code=2).stderr


def test_pull_writes_what_differs_and_leaves_other_files(aws: Bucket, tmp_path: Path) -> None:
    aws.push("one", "1.0.0")
    target = tmp_path / "copy"
    assert "Add --yes" in aws.run("pull", "--to", str(target), exit_code=1).stderr
    assert not target.exists()
    aws.run("pull", "hello", "--to", str(target), "--yes")
    assert load_template(str(target), "hello").files == load_template(str(aws.folder), "hello").files
    (target / "hello/sample.json").write_text("{}")
    (target / "hello/template.txt").write_text("edited")
    assert "-edited\n+one {{ name }}" in aws.run("pull", "--to", str(target), "--yes").stdout
    assert {path.name for path in (target / "hello").iterdir()} == {
        *("template.html", "template.txt", "metadata.json", "sample.json")
    }
    assert "No template 'x'" in aws.run("pull", "x", "--to", str(target), exit_code=2).stderr


def test_pull_does_not_replace_sources(aws: Bucket) -> None:
    aws.push("one", "1.0.0")
    (aws.folder / "_shared").mkdir()
    aws.edit("template.txt", "[[ source ]]")
    assert "has sources" in aws.run("pull", "--to", str(aws.folder), "--yes", exit_code=2).stderr
    assert (aws.folder / "hello/template.txt").read_text() == "[[ source ]]"


@pytest.mark.parametrize("name", ["..", "a/../..", ".hidden", "a b"])
def test_a_name_in_the_bucket_that_is_no_template_s_is_not_pulled(aws: Bucket, tmp_path: Path, name: str) -> None:
    aws.push("one", "1.0.0")
    aws.s3.put_object(Bucket=BUCKET, Key=f"templates/{name}/template.txt", Body=b"x")
    aws.run("pull", "--to", str(tmp_path / "a/b"), "--yes")
    assert [path.name for path in tmp_path.rglob("*") if path.is_dir() and path.parent == tmp_path / "a/b"] == ["hello"]
    assert not (tmp_path / "a/template.txt").exists()


def test_list_shows_version_author_and_use(aws: Bucket) -> None:
    aws.push("one", "1.2.0")
    table: Any = tables()["EmailTracking"]
    dynamodb: Any = boto3.client("dynamodb")
    dynamodb.create_table(**table.creation("sesmailengine-EmailTracking"))
    now = SystemClock().now()
    for number, template in enumerate(["hello", "hello", "welcome"]):
        given: Any = {"timestamp": utc_text(now - number), "date_partition": utc_text(now)[:10]}
        made = record(entry(Status.SENT), email_id=f"order-{number}", template_name=template, **given)
        TrackingTable(dynamodb, "sesmailengine-EmailTracking").create(made)
    answer = aws.json("list")
    (row,) = answer["templates"]
    assert (row["name"], row["version"], row["by"]) == ("hello", "1.2.0", CALLER)
    assert row["use"] == {"emails": 2, "newest": utc_text(now)}
    assert answer["usage"]["emails"] == 3
    assert aws.run("list").stdout.split("\t")[:2] == ["hello", "1.2.0"]


def test_list_reads_one_file_of_each_template(aws: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.push("one", "1.2.0")
    aws.s3.put_object(Bucket=BUCKET, Key="templates/half/template.txt", Body=b"x")
    asked: list[str] = []
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(self: Any, operation: str, given: Any) -> Any:
        asked.append(f"{operation} {given.get('Key', '')}".strip())
        return call(self, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    assert [(row["name"], row["version"]) for row in aws.json("list")["templates"]] == [
        ("half", None),
        ("hello", "1.2.0"),
    ]
    from_s3 = [one for one in asked if "Object" in one]
    assert from_s3 == ["ListObjectsV2", "GetObject templates/hello/metadata.json"]


def test_list_works_without_the_right_to_read_emails(aws: Bucket) -> None:
    aws.push("one", "1.2.0")
    result = aws.run("list")
    assert "Use is not known" in result.stderr
    assert "hello\t1.2.0" in result.stdout


def test_a_starter_s_name_is_warned_of_unless_its_version_keeps_it(aws: Bucket) -> None:
    (aws.folder / "hello").rename(aws.folder / "welcome")
    result = aws.run("push", str(aws.folder), "--dry-run")
    assert "'welcome' is a starter's name" in result.stderr
    path = aws.folder / "welcome/metadata.json"
    path.write_text(path.read_text().replace("1.0.0", "1000.0.0"))
    assert "is a starter's name" not in aws.run("push", str(aws.folder), "--dry-run").stderr
