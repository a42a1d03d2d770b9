"""2,000 emails from four threads, while processes are killed and SES fails: none is lost, none is sent twice.

The sender's process is killed at random, and by an injected fault between SES's acceptance and the record; the
feedback processor's at random. SES throttles one request in twenty, and one in a hundred times out after acceptance.
"""

from __future__ import annotations

import itertools
import random
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES, QUEUES
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import WaitTimeoutError
from tests.e2e.harness.cli import sesmail_json
from tests.e2e.harness.engine import EngineUnderTest

EMAILS = 2000
PRODUCERS = 4
SECONDS = 1200.0
# The waits of one email (settling, back-off, redelivery) together take less than this.
STALLED_SECONDS = 240.0

RANDOM_KILLS = 16
KILLS_AFTER_ACCEPTANCE = 8
FEEDBACK_KILLS = 4
THROTTLED = 0.05
TIMED_OUT = 0.01

pytestmark = pytest.mark.timeout(SECONDS + 180)

RUN = uuid.uuid4().hex[:8]
TAG = f"chaos-{RUN}"
WELCOME: Mapping[str, Any] = {
    "templateName": "welcome",
    "templateData": {"userName": "Ann", "companyName": "My Company"},
}
# SQS redelivers a killed batch after its visibility timeout: 600 s at the sender's queues, too long for a test. The
# emulator shortens it for batches that have ended (`localcloud/workers.py`).
REDELIVERY_SECONDS = 3.0
RECEIVES = 50
SENDER_BATCH, FEEDBACK_BATCH = 10, 50
"""Messages in a function's batch: what one crash may leave out of the figures."""


@dataclass(frozen=True)
class Request:
    """One request and its expected end."""

    detail: Mapping[str, Any]
    status: str
    mails: int
    """How many emails SES must accept."""
    times: int = 1
    """How often a producer puts it on the bus."""

    @property
    def email_id(self) -> str:
        return str(self.detail["emailId"])


def request(number: int) -> Request:
    """Build the requests of each kind in turn."""
    email_id = f"chaos-{RUN}-{number:04d}"
    to = f"reader{number}-{RUN}@example.org"
    detail: dict[str, Any] = {"emailId": email_id, "to": to, "tags": [TAG], **WELCOME}
    match number % 20:
        case 0:
            return Request(detail | {"to": f"bounce+{number}-{RUN}@{SIMULATOR_DOMAIN}"}, "bounced", 1)
        case 1:
            return Request(detail | {"to": f"complaint+{number}-{RUN}@{SIMULATOR_DOMAIN}"}, "complained", 1)
        case 2:
            copies = {"cc": [f"copy-{to}"], "bcc": [f"blind-{to}"]}
            return Request(detail | copies, "delivered", 1)
        case 3:
            return Request(detail | {"templateName": "no-such-template"}, "failed", 0)
        case 4:
            return Request(detail | {"to": f"reader{number}.example.org"}, "failed", 0)
        case 5 | 6:
            return Request(detail, "delivered", 1, times=2)
        case 7 | 8 | 9 | 10:
            return Request(detail | {"priority": "bulk"}, "delivered", 1)
        case 11:
            invoice = {"filename": "invoice.txt", "contentBase64": "SW52b2ljZQ=="}
            return Request(detail | {"attachments": [invoice], "metadata": {"number": number}}, "delivered", 1)
        case _:
            return Request(detail, "delivered", 1)


REQUESTS = [request(number) for number in range(EMAILS)]


@dataclass
class Killer:
    """Kills processes during the run."""

    engine: EngineUnderTest
    kills: Counter[str] = field(default_factory=Counter)
    over: Event = field(default_factory=Event)

    def run(self) -> None:
        """Kill random processes at random times, some by an injected fault, until all planned kills are done."""
        rng = random.Random(7)
        planned = ["EmailSender"] * RANDOM_KILLS + ["FeedbackProcessor"] * FEEDBACK_KILLS
        planned += ["after acceptance"] * KILLS_AFTER_ACCEPTANCE
        rng.shuffle(planned)
        for victim in planned:
            if victim == "after acceptance":
                self.engine.inject_fault("kill_after")
            else:
                self._kill(victim)
            if self.over.wait(rng.uniform(0.2, 1.2)):
                return

    def _kill(self, function: str) -> None:
        while not self.over.is_set():
            answer = self.engine.emulator.request("POST", "_sesmail/kill", {"function": function})
            if answer["killed"]:
                self.kills[function] += 1
                return
            self.over.wait(0.05)


@dataclass
class Run:
    """The results of the run."""

    engine: EngineUnderTest
    kills: Mapping[str, int]
    faults: Mapping[str, Mapping[str, int]]
    seconds: float
    mails: Counter[str]
    records: Mapping[str, Mapping[str, Any]]
    published: Mapping[str, Mapping[str, str]]

    @property
    def kills_after_acceptance(self) -> int:
        return self.faults["kill_after"]["killed"]

    @property
    def sender_kills(self) -> int:
        return self.kills["EmailSender"] + self.kills_after_acceptance

    def summary(self) -> str:
        due = {each.email_id: each.mails for each in REQUESTS}
        lost = sum(max(0, count - self.mails[email_id]) for email_id, count in due.items())
        doubled = sum(max(0, self.mails[email_id] - count) for email_id, count in due.items())
        return (
            f"{len(REQUESTS)} emails in {self.seconds:.0f} s: the sender killed {self.sender_kills} times, "
            f"{self.kills_after_acceptance} of them between acceptance and record, the feedback processor "
            f"{self.kills['FeedbackProcessor']} times; {self.faults['throttling']['fired']} requests throttled, "
            f"{self.faults['timeout_after']['fired']} timed out after acceptance; "
            f"{self.mails.total()} mails accepted, {doubled} duplicated, {lost} lost"
        )


@pytest.fixture(scope="module")
def chaos(engine: EngineUnderTest) -> Run:
    """The run: everything sent, every fault injected, all queues empty."""
    started = time.monotonic()
    before = len(engine.mails())
    killer = Killer(engine)
    engine.inject_fault("throttling", times=None, probability=THROTTLED, seed=1)
    engine.inject_fault("timeout_after", times=None, probability=TIMED_OUT, seed=2)
    with engine.redelivery_after(REDELIVERY_SECONDS), engine.receives_before_a_dead_letter(RECEIVES):
        thread = Thread(target=killer.run)
        thread.start()
        try:
            submit(engine)
            wait_until_all_end(engine, started + SECONDS)
        except WaitTimeoutError:
            # Later tests of this engine expect empty queues.
            engine.purge(*QUEUES, *DEAD_LETTER_QUEUES)
            raise
        finally:
            killer.over.set()
            thread.join()
            faults = engine.emulator.request("GET", "_sesmail/settings")["faults"]
            engine.clear_faults()
        engine.wait_until_idle(120)
    fired: dict[str, Counter[str]] = {kind: Counter() for kind in ("kill_after", "throttling", "timeout_after")}
    for fault in faults:
        fired[fault["kind"]].update({"fired": fault["fired"], "killed": fault["killed"]})
    ours = {each.email_id for each in REQUESTS}
    run = Run(
        engine,
        killer.kills,
        fired,
        time.monotonic() - started,
        Counter(email_id for mail in engine.mails()[before:] if (email_id := mail.tag("emailId")) in ours),
        records(engine),
        published_statuses(engine),
    )
    print(f"\n{run.summary()}")
    return run


def submit(engine: EngineUnderTest) -> None:
    """Put the requests on the bus from four threads, repeated ones far apart."""
    rng = random.Random(5)
    shares = [list[Mapping[str, Any]]() for _ in range(PRODUCERS)]
    turn = itertools.cycle(shares)
    for each in REQUESTS:
        for _ in range(each.times):
            next(turn).append(each.detail)
    for share in shares:
        rng.shuffle(share)
    with ThreadPoolExecutor(PRODUCERS) as pool:
        for sent in [pool.submit(engine.put_email_requests, share) for share in shares]:
            sent.result()


def wait_until_all_end(engine: EngineUnderTest, deadline: float) -> None:
    """Wait as long as emails end: a loaded machine is slow, a lost email stops the progress.

    Raises WaitTimeoutError once none ended for `STALLED_SECONDS`, or at `deadline`.
    """
    fewest, since = len(REQUESTS) + 1, time.monotonic()
    while left := unfinished(engine):
        now = time.monotonic()
        if len(left) < fewest:
            fewest, since = len(left), now
        elif now - since > STALLED_SECONDS or now > deadline:
            dead = engine.depths(DEAD_LETTER_QUEUES)
            raise WaitTimeoutError(f"{len(left)} emails never ended: {left[:5]}; in dead-letter queues: {dead}")
        time.sleep(1)


def records(engine: EngineUnderTest) -> dict[str, dict[str, Any]]:
    return {item["emailId"]: item for item in engine.records() if item["emailId"].startswith(f"chaos-{RUN}-")}


def unfinished(engine: EngineUnderTest) -> list[str]:
    found = records(engine)
    statuses = {email_id: record["status"] for email_id, record in found.items()}
    return [
        f"{each.email_id}: {statuses.get(each.email_id)}, not {each.status}"
        for each in REQUESTS
        if statuses.get(each.email_id) != each.status
    ]


def published_statuses(engine: EngineUnderTest) -> dict[str, dict[str, str]]:
    """Return the published statuses by email and event id."""
    found: dict[str, dict[str, str]] = {}
    for event in engine.subscriber.collect():
        detail = event["detail"]
        found.setdefault(detail["emailId"], {})[detail["eventId"]] = detail["status"]
    return found


def test_the_sender_was_killed_often_enough_to_mean_something(chaos: Run) -> None:
    assert chaos.sender_kills >= 20
    assert chaos.kills_after_acceptance >= 5
    assert chaos.faults["throttling"]["fired"] >= EMAILS * THROTTLED / 2
    assert chaos.faults["timeout_after"]["fired"] >= EMAILS * TIMED_OUT / 2


def test_no_email_is_lost_and_none_is_sent_twice(chaos: Run) -> None:
    due = Counter({each.email_id: each.mails for each in REQUESTS if each.mails})
    assert (due - chaos.mails, chaos.mails - due) == (Counter(), Counter())


def test_every_email_has_one_record_and_it_is_final(chaos: Run) -> None:
    assert {email_id: record["status"] for email_id, record in chaos.records.items()} == {
        each.email_id: each.status for each in REQUESTS
    }


def test_every_final_status_was_published(chaos: Run) -> None:
    missing = [each.email_id for each in REQUESTS if each.status not in chaos.published.get(each.email_id, {}).values()]
    assert missing == []


def test_nothing_is_left_in_a_queue_or_a_dead_letter_queue(chaos: Run) -> None:
    assert chaos.engine.depths((*QUEUES, *DEAD_LETTER_QUEUES)) == {}


def test_the_figures_are_what_the_emails_were_but_for_a_batch_per_crash(chaos: Run) -> None:
    """`sesmail report` counts an email once; a process that is killed may leave its batch uncounted."""
    records = chaos.records.values()
    became = {
        "sent": sum("sentAt" in record for record in records),
        "delivered": sum("deliveredAt" in record for record in records),
        "bounced": sum("bouncedAt" in record for record in records),
        "complained": sum("complainedAt" in record for record in records),
        "failed": sum(record["status"] == "failed" for record in records),
    }
    counted = sesmail_json(chaos.engine, "report", "--tag", TAG, "--since", "1d")["total"]
    print(f"figures: { ({name: counted[name] for name in became}) }, records: {became}")
    most = dict.fromkeys(("sent", "failed"), SENDER_BATCH * chaos.sender_kills)
    most |= dict.fromkeys(("delivered", "bounced", "complained"), FEEDBACK_BATCH * chaos.kills["FeedbackProcessor"])
    for name, emails in became.items():
        assert emails > 0, name
        assert emails - most[name] <= counted[name] <= emails, name
