"""From a designer's folder to the deployed engine's bucket and back: push, list, rollback, pull, send-test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from sesmail_cli.templates.files import load_template
from tests.e2e.harness.cli import sesmail, sesmail_json
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.shell import run_in_shell

NAME = "autumn-news"
HEAD = '<html lang="en"><head><title>{{ subject }}</title><meta name="viewport" content="width=device-width"></head>'


def write(folder: Path, text: str, version: str, **files: str) -> None:
    """Write the template with this text and version."""
    home = folder / NAME
    home.mkdir(parents=True, exist_ok=True)
    metadata = {"subject": f"{text} {{{{ name }}}}", "requiredVariables": ["name"], "version": version}
    contents = {
        "template.html": f"{HEAD}<body><p>{text} {{{{ name }}}}</p></body></html>",
        "template.txt": f"{text} {{{{ name }}}}",
        "metadata.json": json.dumps(metadata),
        "sample.json": '{"name": "Ada"}',
    }
    for file, content in (contents | files).items():
        (home / file).write_text(content)


@pytest.fixture
def folder(engine: EngineUnderTest, tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "mine"
    bucket = engine.outputs["template_bucket_name"]
    for entry in engine.s3.list_objects_v2(Bucket=bucket, Prefix=f"templates/{NAME}/").get("Contents", []):
        engine.s3.delete_object(Bucket=bucket, Key=entry["Key"])


def test_a_template_is_pushed_rolled_back_sent_and_pulled(engine: EngineUnderTest, folder: Path) -> None:
    write(folder, "Hello", "1.0.0")
    assert sesmail_json(engine, "template", "push", str(folder), "--yes")["installed"] == [NAME]
    write(folder, "Good day", "1.1.0", **{"template.fr.txt": "Bonjour {{ name }}"})
    shown = sesmail(engine, "template", "diff", str(folder), exit_code=1)
    assert "-Hello {{ name }}\n+Good day {{ name }}" in shown
    sesmail(engine, "template", "push", str(folder), "--yes")
    releases = sesmail_json(engine, "template", "list", NAME)["releases"]
    assert [(release["version"], release["current"]) for release in releases] == [("1.1.0", True), ("1.0.0", False)]
    assert all(release["by"] for release in releases)

    assert f"{NAME} 1.1.0 → 1.0.0" in sesmail(engine, "template", "rollback", NAME, "--yes")
    # The sender loads it for the first time, so it has no older one in its cache.
    recipient = f"success+{NAME}@{SIMULATOR_DOMAIN}"
    warned = send_test(engine, folder, recipient)
    assert "(metadata.json, template.fr.txt, template.html, template.txt)" in warned
    [mail] = engine.mails_to(recipient)
    assert (mail.subject, mail.body("plain").strip()) == ("Hello Ada", "Hello Ada")

    rows = {row["name"]: row for row in sesmail_json(engine, "template", "list")["templates"]}
    assert (rows[NAME]["version"], rows[NAME]["use"]["emails"]) == ("1.0.0", 1)
    assert rows["welcome"]["by"] == "template seeder"

    copy = folder.parent / "copy"
    sesmail(engine, "template", "pull", NAME, "--to", str(copy), "--yes")
    assert load_template(str(copy), NAME).files["template.txt"] == b"Hello {{ name }}"
    shutil.rmtree(folder)
    assert send_test(engine, copy, recipient) == ""


def test_what_the_linter_refuses_does_not_reach_the_bucket(engine: EngineUnderTest, folder: Path) -> None:
    write(folder, "Hello", "1.0.0", **{"template.txt": "Hello {{ nam }}"})
    sesmail(engine, "template", "push", str(folder), "--yes", exit_code=1)
    assert NAME not in {row["name"] for row in sesmail_json(engine, "template", "list")["templates"]}


def send_test(engine: EngineUnderTest, folder: Path, recipient: str) -> str:
    """Send the template's sample; return the messages."""
    command = f"sesmail --name {engine.name} send-test {NAME} --to {recipient} --templates {folder}"
    return run_in_shell(engine.emulator, f"{command} 2>&1 >/dev/null")
