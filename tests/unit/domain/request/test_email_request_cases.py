"""Requests from public bug reports (tests/cases/requests.json) and more of each kind: rejected, or sent as they say."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from sesmail_layer.domain.message import File
from sesmail_layer.domain.request.email_request import EmailRequest, parse_request
from sesmail_layer.domain.request.refusals import Refusal
from tests.unit.reading_mail import NOW, raw, read
from tools.simulation.sender import Sender

CASES = json.loads((Path(__file__).parents[3] / "cases" / "requests.json").read_text())


def parsed(request: dict[str, Any]) -> EmailRequest:
    return parse_request({"to": "john@example.com", "templateName": "welcome", **request}, now=NOW)[0]


def rejection(request: dict[str, Any]) -> str:
    with pytest.raises(Refusal) as caught:
        parsed(request)
    return caught.value.message


def composed(request: dict[str, Any]) -> EmailMessage:
    files = [
        File(file.filename, b"content", file.content_type, file.content_id) for file in parsed(request).attachments
    ]
    return read(raw(files=files, **request))


def header_lines(request: dict[str, Any], name: str) -> str:
    head = raw(**request).partition(b"\r\n\r\n")[0].decode()
    [line] = re.findall(rf"(?m)^{name}: ?([^\r\n]*(?:\r\n [^\r\n]*)*)", head)
    return re.sub(r"\r\n", "", line).strip()


def from_at_most_320(request: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"senderOverride\.name: found a From line of \d+ characters as encoded"):
        raw(**request)
    shorter = {"senderOverride": {**request["senderOverride"], "name": request["senderOverride"]["name"][:20]}}
    assert len(f"From: {header_lines(shorter, 'From')}") <= 320


def recipients_once_whatever_case(request: dict[str, Any]) -> None:
    made = parsed(request)
    recipients = [made.to, *made.cc, *made.bcc]
    given = [request["to"], *request["cc"], *request["bcc"]]
    assert len({address.casefold() for address in recipients}) == len(recipients)
    assert {address.casefold() for address in recipients} == {address.casefold() for address in given}
    first = {address.casefold(): address.partition("@")[0] for address in reversed(given)}
    assert [address.partition("@")[0] for address in recipients] == [first[one.casefold()] for one in recipients]


def one_mailto(request: dict[str, Any]) -> None:
    line = header_lines(request, "List-Unsubscribe")
    assert re.fullmatch(r"<mailto:unsub@example\.com[^<>:]*>", line)


def one_click(request: dict[str, Any]) -> None:
    assert header_lines(request, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


def angle_brackets_stay(request: dict[str, Any]) -> None:
    for name, value in request["headers"].items():
        line = header_lines(request, name)
        assert re.findall("<[^<>]*>", line) == re.findall("<[^<>]*>", value)
        assert line.isascii()
        assert read(raw(**request))[name].replace('"', "") == value.replace('"', "")


def files_accepted(request: dict[str, Any]) -> None:
    sender = Sender()
    sender.send(**request)
    [sent] = sender.mailer.accepted
    [part] = list(read(sent.raw).iter_attachments())
    [attachment] = request["attachments"]
    content = part.get_payload(decode=True)
    assert content == base64.b64decode(attachment["contentBase64"])
    for parameter in re.findall(r'([a-z]+)="?([^";]+)', attachment.get("contentType", "")):
        assert part.get_param(parameter[0]) == parameter[1]


def type_is_gzip(request: dict[str, Any]) -> None:
    [part] = list(composed(request).iter_attachments())
    assert part.get_content_type() == "application/gzip"


def accepted(request: dict[str, Any]) -> None:
    assert parsed(request)


def rejected(request: dict[str, Any]) -> None:
    assert rejection(request)


def refusal_hides_the_address(request: dict[str, Any]) -> None:
    message = rejection(request)
    local = request["to"].partition("@")[0]
    assert message.startswith("Validation error: Invalid email address format: to ")
    assert not [character for character in local if not character.isascii() and character in message]
    assert not [part for part in re.split(r"\W+", local) if len(part) > 1 and part in message]


def refusal_hides_content(request: dict[str, Any]) -> None:
    message = rejection(request)
    assert "ecret" not in message
    assert re.search(r"a (text|name) of \d+ characters", message)


def says_what_to_use(request: dict[str, Any]) -> None:
    [name] = request
    assert re.fullmatch(rf"Validation error: Unknown field '{name}': .*use \w+.*", rejection(request))


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    check.__name__: check
    for check in (
        from_at_most_320,
        recipients_once_whatever_case,
        one_mailto,
        one_click,
        angle_brackets_stay,
        files_accepted,
        type_is_gzip,
        accepted,
        rejected,
        refusal_hides_the_address,
        refusal_hides_content,
        says_what_to_use,
    )
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_from_a_bug_report_gives_what_it_asks_for(case: dict[str, Any]) -> None:
    CHECKS[case["check"]](case["request"])


def test_an_attachment_s_type_is_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimetypes.guess_type", lambda *_: ("text/x-machine", None))
    [part] = list(read(raw(files=[File("a.csv", b"x")])).iter_attachments())
    assert part.get_content_type() == "text/csv"


@pytest.mark.parametrize("mark", "\u202a\u202d\u202e\u2066\u2069")
def test_a_file_and_a_sender_have_no_name_that_is_shown_in_reverse(mark: str) -> None:
    assert rejection({"attachments": [{"filename": f"a{mark}gpj.exe.txt", "contentBase64": ""}]})
    assert rejection({"senderOverride": {"name": f"Shop{mark}"}})


def test_locale_and_reply_to_are_as_the_engine_writes_them() -> None:
    made = parsed({"locale": "zh_Hans_CN", "replyTo": []})
    assert (made.locale, made.reply_to) == ("zh-Hans-CN", None)
