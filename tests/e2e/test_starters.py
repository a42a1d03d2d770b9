"""The twelve starters through the deployed engine: as the recipient gets them, and as a spam filter scores them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from localcloud.mailbox import Mail
from localcloud.paths import REPOSITORY
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from sesmail_cli.templates.render import render
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.shell import run_in_shell
from tests.templates.conftest import STARTERS
from tests.templates.data import sample

MAX_SPAM_SCORE = 1.0
_SCORE = re.compile(r"^X-Spam-Status: .*?score=(-?[\d.]+)", re.MULTILINE | re.DOTALL)


def spam_score(message: bytes) -> float:
    """Return SpamAssassin's score by its local rules; over 5 is spam."""
    program = shutil.which("spamassassin")
    if program is None:
        pytest.fail("No spamassassin on PATH: run tests/browser/setup.sh", pytrace=False)
    answer = subprocess.run([program, "--local"], input=message, capture_output=True, check=True, timeout=120)
    found = _SCORE.search(answer.stdout.decode(errors="replace"))
    assert found, "SpamAssassin gave no score"
    return float(found[1])


def data_of(name: str) -> dict[str, Any]:
    """Return the full sample, with a sender of the verified domain."""
    return sample(STARTERS[name]) | {"senderEmail": "hello@example.com"}


def send(engine: EngineUnderTest, name: str) -> Mail:
    to = f"success+{name}@{SIMULATOR_DOMAIN}"
    record = engine.put_email_request_and_wait(to, templateName=name, templateData=data_of(name))
    [mail] = [mail for mail in engine.mails() if mail.message_id == record["sesMessageId"]]
    return mail


@pytest.mark.parametrize("name", sorted(STARTERS))
def test_a_starter_arrives_as_it_was_previewed_and_is_no_spam(engine: EngineUnderTest, name: str) -> None:
    mail = send(engine, name)
    expected = render(STARTERS[name], data_of(name))
    assert mail.subject == expected.subject
    assert mail.body("html").split() == expected.html.split()
    assert mail.body("plain").split() == expected.text.split()
    assert spam_score(mail.raw) < MAX_SPAM_SCORE


def test_the_spam_filter_works() -> None:
    spam = (
        "From: a@example.com\nTo: b@example.com\nSubject: test\n\n"
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
    )
    assert spam_score(spam.encode()) > 5


def test_the_seeder_run_again_by_hand_skips_everything(engine: EngineUnderTest) -> None:
    answer = engine.functions.invoke(FunctionName=engine.outputs["template_seeder_lambda_name"], Payload=b"{}")
    assert "FunctionError" not in answer
    result = json.loads(answer["Payload"].read())
    assert (result["statusCode"], result["installed"], result["updated"]) == (200, [], [])
    assert result["skipped"] == sorted(STARTERS)
    assert result["message"] == "Installed 0, updated 0, skipped 12"


def test_send_test_prints_every_status_up_to_the_last(engine: EngineUnderTest) -> None:
    command = f"sesmail send-test welcome --to success+statuses@{SIMULATOR_DOMAIN} --timeout 60 --data "
    data = json.dumps({"userName": "Ada", "companyName": "Northwind"})
    printed = run_in_shell(engine.emulator, f"{command} '{data}'", REPOSITORY)
    assert [line.split()[1] for line in printed.splitlines()[1:]][-1] == "delivered"
