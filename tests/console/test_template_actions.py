"""Templates in the console: send a test, install a folder's template, bring back a release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.client import BaseClient

from sesmail_layer.domain.template.sandbox import BoundedEnvironment
from tests.cli.conftest import NAME, MotoEngine
from tests.console.conftest import Html, Visitor, confirm, done_text
from tests.console.test_templates import BUCKET, Bucket, page_of, visitor_of

ORDER = {
    "template.html": "<!DOCTYPE html><html lang='en'><head><title>O</title></head><body>For {{ name }}</body></html>",
    "template.txt": "For {{ name }}",
    "metadata.json": json.dumps({"subject": "Order", "version": "1.0.0", "requiredVariables": ["name"]}),
    "sample.json": json.dumps({"name": "Ada", "senderEmail": "x@sample.example"}),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine/order").mkdir(parents=True)
    for file, text in ORDER.items():
        (tmp_path / "mine/order" / file).write_text(text)
    return tmp_path / "mine"


@pytest.fixture
def bucket(engine: MotoEngine) -> Bucket:
    made = Bucket()
    made.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return made


@pytest.fixture
def visitor(bucket: Bucket, folder: Path) -> Iterator[Visitor]:
    with visitor_of(folder) as visitor:
        yield visitor


def install(bucket: Bucket, **files: str) -> None:
    for file, text in (ORDER | files).items():
        bucket.s3.put_object(Bucket=BUCKET, Key=f"templates/order/{file}", Body=text.encode())


def installed(bucket: Bucket, file: str) -> str:
    text: str = bucket.s3.get_object(Bucket=BUCKET, Key=f"templates/order/{file}")["Body"].read().decode()
    return text


def plan(visitor: Visitor, action: str, query: str) -> Html:
    return Html(str(visitor.read(f"actions/{action}?{query}").content))


def test_a_folders_template_is_installed_after_its_plan_was_confirmed(visitor: Visitor, bucket: Bucket) -> None:
    install(bucket, **{"template.txt": "Old {{ name }}"})
    page = Html(visitor.text("template-folder/order"))
    assert any("actions/push-template?template=order" in href for href in page.hrefs)
    shown = plan(visitor, "push-template", "template=order")
    assert "Install order?" in shown.text
    assert "-Old {{ name }} +For {{ name }}" in shown.text
    assert "sesmail template push" in shown.text
    assert installed(bucket, "template.txt") == "Old {{ name }}"
    assert "Installed: order 1.0.0" in done_text(visitor, confirm(visitor, "push-template", shown))
    assert installed(bucket, "template.txt") == "For {{ name }}"


def test_what_changed_after_the_plan_is_not_installed(visitor: Visitor, bucket: Bucket, folder: Path) -> None:
    install(bucket, **{"template.txt": "Old {{ name }}"})
    shown = plan(visitor, "push-template", "template=order")
    (folder / "order/template.txt").write_text("Other {{ name }}")
    answer = confirm(visitor, "push-template", shown)
    assert answer.status == 400
    assert "A file was changed after this was shown" in str(answer.content)
    assert installed(bucket, "template.txt") == "Old {{ name }}"


def test_a_template_with_errors_cannot_be_installed(visitor: Visitor, bucket: Bucket, folder: Path) -> None:
    (folder / "order/template.html").write_text("{{ nothing }}")
    shown = plan(visitor, "push-template", "template=order")
    assert "Nothing can be installed: fix these first." in shown.text
    assert shown.values("confirmed") == []


def test_a_template_that_does_not_differ_needs_nothing(visitor: Visitor, bucket: Bucket) -> None:
    install(bucket)
    shown = plan(visitor, "push-template", "template=order")
    assert "Nothing differs" in shown.text
    assert shown.values("confirmed") == []


def test_a_release_is_brought_back_after_its_plan_was_confirmed(
    visitor: Visitor, bucket: Bucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("First {{ name }}", "Second {{ name }}"):
        (folder / "order/template.txt").write_text(text)
        done_text(visitor, confirm(visitor, "push-template", plan(visitor, "push-template", "template=order")))
    releases = page_of(visitor, "templates/order/releases")
    (back,) = [href for href in releases.hrefs if "rollback-template" in href]
    shown = plan(visitor, "rollback-template", back.partition("?")[2])
    assert "-Second {{ name }} +First {{ name }}" in shown.text
    assert "Rolled back: order 1.0.0" in done_text(visitor, confirm(visitor, "rollback-template", shown))
    assert installed(bucket, "template.txt") == "First {{ name }}"
    assert "rollback to" in page_of(visitor, "templates/order/releases").text


def requested(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Take what is put on the bus; answer as EventBridge does."""
    taken: list[dict[str, Any]] = []

    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: BaseClient, operation: str, given: Any) -> Any:
        if operation != "PutEvents":
            return original(self, operation, given)
        taken.extend(given["Entries"])
        return {"FailedEntryCount": int("ErrorCode" in answer), "Entries": [answer]}

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return taken


def test_a_test_is_sent_after_its_plan_was_confirmed(
    visitor: Visitor, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = requested(monkeypatch, {"EventId": "1"})
    install(bucket)
    shown = plan(visitor, "send-test", "template=order&to=ada%40example.com&sample=sample.json")
    assert "One email of the installed template 'order' to ada@example.com." in shown.text
    assert "sesmail send-test order --to ada@example.com --data" in shown.text
    assert taken == []
    answer = confirm(visitor, "send-test", shown)
    (entry,) = taken
    detail = json.loads(entry["Detail"])
    assert (entry["Source"], entry["EventBusName"]) == ("sesmail.send-test", f"{NAME}-EmailBus")
    # A sample's sender is an example, which SES rejects.
    assert detail | {"emailId": ""} == {
        "to": "ada@example.com",
        "templateName": "order",
        "templateData": {"name": "Ada"},
        "emailId": "",
    }
    assert detail["emailId"] in done_text(visitor, answer)
    confirm(visitor, "send-test", shown)
    assert json.loads(taken[1]["Detail"]) == detail, "a second click is the same request"
    confirm(visitor, "send-test", plan(visitor, "send-test", "template=order&to=ada%40example.com"))
    assert json.loads(taken[2]["Detail"])["emailId"] != detail["emailId"]


def test_a_test_has_the_data_that_was_entered(
    visitor: Visitor, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = requested(monkeypatch, {"EventId": "1"})
    install(bucket)
    location = visitor.post("templates/order", ("data", '{"name": "Grace"}')).headers["Location"]
    data_id = location.partition("data=")[2]
    confirm(visitor, "send-test", plan(visitor, "send-test", f"template=order&to=ada%40example.com&data={data_id}"))
    assert json.loads(taken[0]["Detail"])["templateData"] == {"name": "Grace"}
    assert "not kept any more" in str(
        visitor.get("actions/send-test", "template=order&to=a%40b.example&data=x").content
    )


@pytest.mark.parametrize(
    ("to", "data", "problem"),
    [
        ("nobody", '{"name": "Ada"}', "VAL003"),
        ("ada@example.com", "{}", "Missing required variables"),
    ],
)
def test_what_the_sender_would_reject_is_not_sent(
    visitor: Visitor, bucket: Bucket, to: str, data: str, problem: str
) -> None:
    install(bucket)
    location = visitor.post("templates/order", ("data", data)).headers["Location"]
    data_id = location.partition("data=")[2]
    shown = plan(visitor, "send-test", f"template=order&to={to}&data={data_id}")
    assert problem in shown.text
    assert shown.values("confirmed") == []


def test_a_test_from_the_folder_says_that_the_installed_template_is_another(visitor: Visitor, bucket: Bucket) -> None:
    install(bucket, **{"template.txt": "Old {{ name }}"})
    shown = plan(visitor, "send-test", "template=order&to=ada%40example.com&gallery=template-folder")
    assert "The folder's template differs (template.txt)" in shown.text


def test_a_bus_that_rejects_the_request_is_named(
    visitor: Visitor, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested(monkeypatch, {"ErrorCode": "AccessDenied", "ErrorMessage": "no"})
    install(bucket)
    answer = confirm(visitor, "send-test", plan(visitor, "send-test", "template=order&to=ada%40example.com"))
    assert "The bus rejected it: no" in str(answer.content)


def test_without_a_folder_nothing_can_be_installed_from_it(bucket: Bucket) -> None:
    with visitor_of() as visitor:
        assert visitor.get("template-folder").status == 404
        assert "start it with --templates DIR" in str(visitor.get("actions/push-template", "template=order").content)


def test_an_unknown_template_has_no_releases(visitor: Visitor) -> None:
    answer = visitor.get("templates/none/releases")
    assert answer.status == 400
    assert "No template &#39;none&#39; is installed" in str(answer.content)


def test_a_folders_template_is_compiled_by_another_process_alone_and_within_the_senders_limits(
    visitor: Visitor, bucket: Bucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiles_here(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(BoundedEnvironment, "get_template", compiles_here)
    (folder / "_shared").mkdir()
    endless = "[% for a in range(100000) %][% for b in range(100000) %][% endfor %][% endfor %]"
    install(bucket)
    (folder / "order/template.txt").write_text("[# new #]For {{ name }}!")
    (folder / "endless").mkdir()
    for file, text in (ORDER | {"template.txt": endless}).items():
        (folder / "endless" / file).write_text(text)
    assert "+For {{ name }}!" in plan(visitor, "push-template", "template=order").text
    assert "Nothing can be installed: fix these first." in plan(visitor, "push-template", "template=endless").text


def test_a_test_from_the_folder_of_a_template_that_is_gone_is_an_answer(
    visitor: Visitor, bucket: Bucket, folder: Path
) -> None:
    install(bucket)
    values = urlencode({"values": '{"name": "Ada"}'})
    query = f"template=order&to=ada%40example.com&gallery=template-folder&{values}"
    plan(visitor, "send-test", query)
    shutil.rmtree(folder / "order")
    answer = visitor.get("actions/send-test", query)
    assert answer.status == 400
    assert "There is no template &#39;order&#39;" in str(answer.content)
