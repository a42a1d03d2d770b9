"""The eight starters through the applied stack: as the recipient gets them, and as a spam filter judges them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from localcloud.mailbox import Mail
from localcloud.paths import REPOSITORY
from localcloud.shell import run_in_shell
from localcloud.stack import Stack
from sesmail_cli.templates.render import render
from tests.templates.conftest import STARTERS
from tests.templates.data import sample

MAX_SPAM_SCORE = 2.0
_SCORE = re.compile(r"^X-Spam-Status: .*?score=(-?[\d.]+)", re.MULTILINE | re.DOTALL)


def spam_score(message: bytes) -> float:
    """SpamAssassin's score by its local rules; a mail over 5 is spam."""
    program = shutil.which("spamassassin")
    if program is None:
        pytest.fail("No spamassassin on PATH: run tests/browser/setup.sh", pytrace=False)
    answer = subprocess.run([program, "--local"], input=message, capture_output=True, check=True, timeout=120)
    found = _SCORE.search(answer.stdout.decode(errors="replace"))
    assert found, "SpamAssassin gave no score"
    return float(found[1])


def data_of(name: str) -> dict[str, Any]:
    """The full sample, sent from the domain that the stack has verified."""
    return sample(STARTERS[name]) | {"senderEmail": "hello@example.com"}


def send(stack: Stack, name: str) -> Mail:
    to = f"success+{name}@simulator.amazonses.com"
    record = stack.put_email_request_and_wait(to, templateName=name, templateData=data_of(name))
    [mail] = [mail for mail in stack.mails() if mail.message_id == record["sesMessageId"]]
    return mail


@pytest.mark.parametrize("name", sorted(STARTERS))
def test_a_starter_arrives_as_it_was_previewed_and_is_no_spam(stack: Stack, name: str) -> None:
    mail = send(stack, name)
    expected = render(STARTERS[name], data_of(name))
    assert mail.subject == expected.subject
    assert mail.body("html").split() == expected.html.split()
    assert mail.body("plain").split() == expected.text.split()
    assert spam_score(mail.raw) < MAX_SPAM_SCORE


def test_the_spam_filter_is_at_work() -> None:
    spam = (
        "From: a@example.com\nTo: b@example.com\nSubject: test\n\n"
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
    )
    assert spam_score(spam.encode()) > 5


def test_the_seeder_run_again_by_hand_skips_everything(stack: Stack) -> None:
    answer = stack.functions.invoke(FunctionName=stack.outputs["template_seeder_lambda_name"], Payload=b"{}")
    assert "FunctionError" not in answer
    result = json.loads(answer["Payload"].read())
    assert (result["statusCode"], result["installed"], result["updated"]) == (200, [], [])
    assert result["skipped"] == sorted(STARTERS)
    assert result["message"] == "Installed 0, updated 0, skipped 8"


def test_send_test_tells_the_story_to_the_end(stack: Stack) -> None:
    command = "sesmail send-test welcome --to success+story@simulator.amazonses.com --timeout 60 --data "
    data = json.dumps({"userName": "Ada", "companyName": "Northwind"})
    told = run_in_shell(stack.emulator, f"{command} '{data}'", REPOSITORY)
    assert [line.split()[1] for line in told.splitlines()[1:]][-1] == "delivered"
