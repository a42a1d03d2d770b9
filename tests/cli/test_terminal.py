"""Whatever text is in a record, a row, a message or a log line: no command hands its controls to the terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sesmail_cli import terminal
from sesmail_cli.main import app
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.plain_text import CONTROLS
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState
from tests.cli.conftest import ACCOUNT_ID, ADA, NAME, REGION, SOURCE, T0, MotoEngine

HOSTILE = (
    "\x1b[2J\x1b]8;;http://evil.example\x07\x00\x08\x7f\x85\x9b31m\x9d0;title\x9c\u202egpj\u2066\u2069\u200e\u061c"
    "\u2028\u2029\u200b\ufeff\U000e0041[link=http://evil.example]x[/link][/nothing]\r\n"
)
# And what a progress bar does: hide and show the cursor, and clear its own line.
COLOURS = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[hl]|2K|1A)")


def dangerous(output: str) -> list[str]:
    """Return the controls of an output but for line feeds, the tabs between a row's cells, and colours."""
    return re.findall(f"(?![\n\t]){CONTROLS.pattern}", COLOURS.sub("", output))


def commands() -> set[str]:
    """Return the name of every command: a new one is in this test, or the test fails."""
    names = {info.name or info.callback.__name__ for info in app.registered_commands if info.callback}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for info in group.typer_instance.registered_commands:
            assert info.callback is not None
            names.add(f"{group.name or group.typer_instance.info.name} {info.name or info.callback.__name__}")
    return names


# Of templates: they show files of the operator's own folder, and are tried at the end of this file.
OF_TEMPLATES = {"send-test", "template build", "template lint", "template new", "template preview", "template pull"}
ROWS = {"report"}
"""Off a terminal they print rows whose cells are separated by tabs."""
ARGUMENTS: dict[str, list[list[str]]] = {
    "console": [["--port", HOSTILE]],
    "status": [[]],
    "report": [[], ["--by", "template"], ["--by", "tag"], ["--tag", HOSTILE], ["--since", HOSTILE]],
    "doctor": [[], ["--nameserver", HOSTILE]],
    "production-access": [["--sends", HOSTILE, "--opt-in", HOSTILE], ["--website", HOSTILE], ["--contact", HOSTILE]],
    "pause": [["--producer", HOSTILE], ["--all", "--reason", HOSTILE]],
    "resume": [["--producer", HOSTILE], ["--all"]],
    "cancel": [
        [HOSTILE, "--yes"],
        ["--producer", HOSTILE, "--yes"],
        ["--tag", HOSTILE, "--template", HOSTILE, "--yes"],
        ["--since", HOSTILE],
    ],
    "send-bulk": [
        [__file__, "--template", HOSTILE],
        [__file__, "--template", "hello"],
        [__file__, "--template", "hello", "--tag", HOSTILE],
        [__file__, "--template", "hello", "--map", HOSTILE],
        [__file__, "--template", "hello", "--map", f"to={HOSTILE}"],
        [__file__, "--template", "hello", "--test-to", HOSTILE],
    ],
    "mcp": [["--producer", HOSTILE]],
    "find": [
        [],
        ["--to", ADA],
        ["--producer", HOSTILE],
        ["--template", HOSTILE],
        ["--tag", HOSTILE],
        ["--topic", HOSTILE],
        ["--cursor", HOSTILE],
        ["--since", HOSTILE],
    ],
    "explain": [["order-1"], ["order-2"], ["order-3"], ["order-4"], [HOSTILE]],
    "redrive": [["EmailQueueDLQ", "--dry-run"], ["FeedbackProcessorDLQ", "--dry-run"], ["EventBridgeDLQ"], [HOSTILE]],
    "erase": [[ADA, "--dry-run"], [ADA, "--yes"], [f"{HOSTILE}@example.com"]],
    "migrate check": [["--no-account", "--templates", HOSTILE]],
    "template push": [[HOSTILE]],
    "template diff": [[HOSTILE]],
    "template list": [[], [HOSTILE], ["hello"]],
    "template rollback": [[HOSTILE], ["hello", "--to", HOSTILE], ["hello", "--yes"]],
    "suppression import": [[HOSTILE, "--from", "csv"], ["--from", "ses-account"]],
    "suppression export": [[]],
    "suppression list": [[]],
    "suppression show": [[ADA], [HOSTILE], [f"{HOSTILE}@example.com"]],
    "suppression add": [[ADA], [HOSTILE], [ADA, "--note", HOSTILE]],
    "suppression remove": [
        ["--where", "since=2020-01-01", "--dry-run"],
        ["--where", HOSTILE],
        [ADA, "--no-ses", "--yes"],
        [HOSTILE],
        [f"{HOSTILE}@example.com", "--no-ses"],
    ],
}


def test_every_command_is_tried() -> None:
    assert commands() == ARGUMENTS.keys() | OF_TEMPLATES


@pytest.fixture
def hostile(engine: MotoEngine) -> MotoEngine:
    """An engine of which every text was written by somebody else."""
    details = (
        "bounceType bounceSubType diagnosticCode reason until sesMessageId smtpResponse link errorType errorMessage"
    )
    detail: Any = dict.fromkeys(f"{details} complaintFeedbackType".split(), HOSTILE)
    statuses: list[Status | None] = [*Status, None]
    entries = [
        Entry(key=f"{i}", at=T0, attempt=1, status=status, what=HOSTILE, detail=detail, recipient=HOSTILE)
        for i, status in enumerate(statuses)
    ]
    given: dict[str, Any] = {
        "template_name": HOSTILE,
        "subject": HOSTILE,
        "original_source": HOSTILE,
        "recipients": {HOSTILE: RecipientState(status=Status.SENT, type=HOSTILE)},
    }
    engine.record(*entries, email_id="order-1", **given)
    for i, status in enumerate((Status.DEFERRED, Status.FAILED, Status.SENDING), 2):
        engine.record(*[one for one in entries if one.status is status], email_id=f"order-{i}", **given)
    engine.suppress(SuppressionReason.HARD_BOUNCE, source=HOSTILE, email_id=HOSTILE, diagnostic_code=HOSTILE)
    row = dict.fromkeys(("email", "reason", "source", "emailId", "diagnosticCode", "addedToSuppressionDate"), HOSTILE)
    foreign = {name: {"S": text} for name, text in row.items()} | {"suppressionType": {"S": "bounce"}}
    engine.dynamodb.put_item(TableName=f"{NAME}-Suppression", Item=foreign)
    for source in ("*", HOSTILE, SOURCE):
        engine.put_state(
            source, paused=True, paused_by=HOSTILE, paused_reason=HOSTILE, paused_at=HOSTILE, opened_at=1.0
        )
    _put_dead_letters(engine)
    _put_template(engine)
    return engine


def _put_template(engine: MotoEngine) -> None:
    """Two releases of a template."""
    bucket = f"{NAME}-templates-{ACCOUNT_ID}"
    engine.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    engine.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for version in (HOSTILE, f"{HOSTILE}2"):
        metadata = json.dumps({"subject": HOSTILE, "version": version})
        files = {"template.html": f"{HOSTILE}{version}", "template.txt": version, "metadata.json": metadata}
        for file, content in files.items():
            author = {"sesmail-by": "[link=http://evil.example]x[/link][/nothing]"}
            engine.s3.put_object(Bucket=bucket, Key=f"templates/hello/{file}", Body=content.encode(), Metadata=author)


def _put_dead_letters(engine: MotoEngine) -> None:
    request = {"id": HOSTILE, "source": HOSTILE, "detail-type": HOSTILE, "detail": {"emailId": HOSTILE, "to": HOSTILE}}
    event = {"eventType": HOSTILE, "mail": {"messageId": HOSTILE, "tags": {"emailId": [HOSTILE]}}}
    for queue in ("EmailQueueDLQ", "EventBridgeDLQ"):
        engine.put(queue, request, ERROR_CODE=HOSTILE.translate(_FIT_FOR_SQS), ERROR_MESSAGE="\x85\x9b31m\u202e")
        engine.put(queue, HOSTILE.translate(_FIT_FOR_SQS))
    for body in (event, {"AlarmName": HOSTILE}, {"Type": "Notification", "TopicArn": HOSTILE, "Message": HOSTILE}):
        message_id = engine.put("FeedbackProcessorDLQ", body)
        line = {"sqs_message_id": message_id, "message": HOSTILE, "code": HOSTILE, "level": "ERROR"}
        engine.log("FeedbackProcessor", json.dumps(line))


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_FIT_FOR_SQS = dict.fromkeys(range(32))


@pytest.fixture(params=["text", "colours", "json"])
def options(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    if request.param == "colours":
        for console in (terminal.out, terminal.err):
            monkeypatch.setattr(console, "_force_terminal", True)
            monkeypatch.setattr(console, "_color_system", 1)
    return ["--json"] if request.param == "json" else []


@pytest.mark.parametrize("command", sorted(ARGUMENTS))
def test_no_command_shows_the_controls_of_a_stranger_s_text(
    hostile: MotoEngine, options: list[str], command: str
) -> None:
    for arguments in ARGUMENTS[command]:
        result = CliRunner().invoke(app, [*command.split(), *options, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        output = result.output.replace("\t", " ") if command in ROWS else result.output
        assert dangerous(output) == [], arguments
        if options and result.exit_code in (0, 1):
            # An export is JSON Lines.
            for document in result.stdout.splitlines() if "export" in command else [result.stdout]:
                json.loads(document)


def test_json_keeps_the_text_itself(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_json({HOSTILE: [HOSTILE]})
    printed = capsys.readouterr().out
    assert dangerous(printed) == []
    assert "\\u009b31m" in printed
    assert "\\u202egpj" in printed
    assert json.loads(printed) == {HOSTILE: [HOSTILE]}


def test_a_question_has_no_controls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "confirm", lambda question, err: dangerous(question) == [])
    assert terminal.confirm(HOSTILE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template that somebody else wrote."""
    folder = tmp_path / "hello\x1b]0;title\x07\u202e"
    folder.mkdir()
    metadata = {"subject": HOSTILE, "version": HOSTILE, "requiredVariables": [HOSTILE], HOSTILE: HOSTILE}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    (folder / "sample.json").write_text(json.dumps({HOSTILE: HOSTILE}))
    for file in ("template.html", "template.txt", f"template.{HOSTILE[:4]}.html"):
        (folder / file).write_text(f"<blink onclick='{HOSTILE}'>{HOSTILE}{{{{ {HOSTILE} }}}}", newline="")
    return folder


def test_no_difference_shows_the_controls_of_a_template(hostile: MotoEngine, options: list[str], folder: Path) -> None:
    home = folder.rename(folder.parent / "hello")
    for command in (["diff"], ["push", "--dry-run"], ["pull", "--dry-run", "--to"]):
        place = str(home.parent if "pull" in command else home)
        result = CliRunner().invoke(app, ["template", *command[:1], *options, *command[1:], place])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "template.txt" in result.output
        assert dangerous(result.output) == [], command


@pytest.mark.parametrize("command", [["lint"], ["lint", "--json"], ["new", "--from"], ["build"]])
def test_no_command_shows_the_controls_of_a_template(folder: Path, command: list[str]) -> None:
    target = {"new": [str(folder / "x")], "build": ["--output", str(folder / "x")]}.get(command[0], [])
    result = CliRunner().invoke(app, ["template", *command, str(folder), *target])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.output
    assert dangerous(result.output) == []


def test_a_dry_run_shows_no_controls_of_the_data(tmp_path: Path) -> None:
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "metadata.json").write_text('{"subject": "{{ a }}", "senderName": "{{ a }}"}')
    for file in ("template.html", "template.txt"):
        (folder / file).write_text("{{ a }}")
    options = ["--to", ADA, "--dry-run", "--templates", str(tmp_path), "--data", json.dumps({"a": HOSTILE})]
    result = CliRunner().invoke(app, ["send-test", "hello", *options])
    assert result.exit_code == 0
    assert dangerous(result.output) == []
