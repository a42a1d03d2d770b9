"""`sesmail send-bulk` of 10,000 rows on the deployed engine: killed twice, repeated, each recipient gets one email."""

from __future__ import annotations

import signal
import uuid
from collections import Counter
from pathlib import Path

import pytest

from localcloud.mailbox import message_ids
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for
from tests.e2e.harness.cli import sesmail, sesmail_json, start_sesmail
from tests.e2e.harness.engine import EngineUnderTest

ROWS = 10_000
# One in a thousand: far below the breaker's rate, wherever it counts.
BOUNCES_EVERY = 1_000
SUPPRESSED = (17, 4_711)
# Emails of the mailing that have reached the engine when a run is killed.
KILLED_AT = (800, 2_000)
MINUTES = 60.0
RUN = uuid.uuid4().hex[:8]
TAG = f"mailing-{RUN}"


def address(number: int) -> str:
    if number % BOUNCES_EVERY == BOUNCES_EVERY - 1:
        return f"bounce+{number}-{RUN}@{SIMULATOR_DOMAIN}"
    return f"reader{number}-{RUN}@example.org"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "readers.csv"
    rows = [f"{address(number)},Reader {number}" for number in range(ROWS)]
    path.write_text("\n".join(["email,userName", *rows]) + "\n")
    return path


def kill_at(engine: EngineUnderTest, arguments: list[str], arrived: int, mails_before: int) -> None:
    """Start a run; kill it when so many emails are in the queue or sent."""

    def has_arrived() -> bool:
        assert run.poll() is None, run.communicate()
        return len(message_ids(engine.emulator, mails_before)) + engine.depth("BulkQueue") >= arrived

    with start_sesmail(engine, *arguments) as run:
        wait_for(has_arrived, f"{arrived} emails to arrive", 10 * MINUTES)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    assert run.returncode == -signal.SIGKILL, "the run ended before it was killed"


@pytest.mark.timeout(3_600)
def test_a_mailing_that_is_killed_twice_reaches_everybody_once(engine: EngineUnderTest, file: Path) -> None:
    for number in SUPPRESSED:
        sesmail(engine, "suppression", "add", address(number))
    mails_before = len(message_ids(engine.emulator))
    options = ["--template", "welcome", "--data", '{"companyName": "My Company"}', "--tag", TAG, "--yes", "--wait", "0"]
    arguments = ["send-bulk", str(file), *options]

    for arrived in KILLED_AT:
        kill_at(engine, arguments, arrived, mails_before)
    last = sesmail_json(engine, *arguments, seconds=10 * MINUTES)
    engine.wait_until_idle(20 * MINUTES, ("BulkQueue", "BulkRetryQueue", "FeedbackQueue"))
    report = sesmail_json(engine, *arguments, seconds=5 * MINUTES)

    accepted = ROWS - len(SUPPRESSED)
    bounced = ROWS // BOUNCES_EVERY
    assert (last["rows"], last["suppressed"], last["askedBefore"] + last["sent"]) == (ROWS, len(SUPPRESSED), accepted)
    assert last["askedBefore"] > 0
    assert (report["suppressed"], report["askedBefore"], report["sent"]) == (len(SUPPRESSED), accepted, 0)
    received = Counter(mail.destinations[0] for mail in engine.mails()[mails_before:])
    expected = {address(number) for number in range(ROWS)} - {address(number) for number in SUPPRESSED}
    assert received == Counter(expected)
    assert report["statuses"] == {"delivered": accepted - bounced, "bounced": bounced}

    # A new subscriber: this one would take the next test two minutes to read.
    engine.subscriber.remove()
    del engine.subscriber
    assert engine.subscriber.collect() == []
