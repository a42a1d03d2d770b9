"""The breaker as the sender sees it: what it holds, which probes go, what each of them leaves in the record."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.breaker import is_probe
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW, FakeClock, request
from tools.simulation.sender import Sender

ME = "my.application"
OPEN = SendingState(paused=True, paused_by="breaker", trip="bounce", opened_at=NOW)
COOLED = msgspec.structs.replace(OPEN, opened_at=NOW - 3_600)


class Interrupted(FakeClock):
    """A clock on which something happens while somebody sleeps."""

    def __init__(self, sender: Sender, source: str, state: SendingState) -> None:
        super().__init__()
        self._states = sender.control.states
        self._source = source
        self._state = state

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if seconds > 1:
            self._states[self._source] = self._state


def paced(sender: Sender, seconds: float) -> None:
    """Makes the next email wait so long for its turn."""
    sender.bucket.empty_at["pacer#all"] = NOW + seconds


def test_a_pause_holds_emails_that_wait_for_their_send_time() -> None:
    for source in (ME, ACCOUNT):
        sender = Sender()
        sender.clock = Interrupted(sender, source, OPEN)
        paced(sender, 12)
        record = sender.send()

        assert sender.mailer.accepted == []
        assert (record.status, record.defer_reason) == (Status.DEFERRED, "breaker")
        assert len(sender.waiting.messages) == 1


def test_a_paced_probe_is_held_after_another_probe_failed() -> None:
    sender = Sender()
    sender.control.states[ME] = COOLED
    sender.clock = Interrupted(sender, ME, msgspec.structs.replace(OPEN, opened_at=NOW + 5))
    paced(sender, 12)
    assert sender.send().status is Status.DEFERRED


def test_a_paced_probe_is_sent_at_its_time() -> None:
    sender = Sender()
    sender.control.states[ME] = COOLED
    paced(sender, 12)
    assert sender.send().status is Status.SENT


def test_only_a_probes_history_has_its_mark() -> None:
    sender = Sender()
    assert not is_probe(sender.send(emailId="before"))
    sender.clock.time += 60
    sender.control.states[ME] = COOLED
    assert is_probe(sender.send(emailId="probe"))
    assert sender.control.states[ME].probes == ["probe"]


def test_an_email_that_cannot_be_sent_is_no_probe() -> None:
    sender = Sender()
    sender.control.states[ME] = COOLED
    sender.send(emailId="no-template", templateName="missing")
    sender.send(emailId="later", sendAt="2026-11-25T10:00:00Z")
    assert sender.control.states[ME].probes == []


def test_probes_that_ses_refuses_are_replaced_after_a_cool_down() -> None:
    sender = Sender()
    sender.control.states[ME] = COOLED
    for number in range(5):
        sender.mailer.answers = [PermanentError("ses_rejected", "no", code="SES001")]
        sender.send(emailId=f"refused-{number}")
    assert sender.send(emailId="too-soon").status is Status.DEFERRED
    sender.clock.time += 3_601
    sender.send(emailId="fresh")

    assert sender.control.states[ME].probes == ["fresh"]


def test_five_probes_are_sent_and_no_more() -> None:
    sender = Sender()
    sender.control.states[ME] = COOLED
    messages = [sender.message(request(emailId=f"mail-{number}")) for number in range(8)]
    assert sender.run(*messages) == set()

    assert len(sender.mailer.accepted) == 5
    held = [record for record in sender.tracking.records.values() if record.status is Status.DEFERRED]
    assert len(held) == 3


def test_a_held_email_writes_nothing_while_all_probes_are_out() -> None:
    sender = Sender()
    sender.control.states[ME] = msgspec.structs.replace(COOLED, probes=["a"] * 5, probed_at=NOW)
    sender.send()
    writes = sender.control.writes
    sender.run_waiting()

    assert sender.control.writes == writes
    assert sender.mailer.accepted == []


def test_held_email_is_retried_when_the_cool_down_ends() -> None:
    sender = Sender()
    sender.control.states[ME] = msgspec.structs.replace(OPEN, opened_at=NOW - 3_580)
    sender.send()
    [(_, delay)] = sender.waiting.messages

    assert delay == 20
    sender.run_waiting()
    assert len(sender.mailer.accepted) == 1


def test_the_paused_metric_is_set_while_email_is_held() -> None:
    sender = Sender()
    sender.control.states[ME] = OPEN
    sender.send()
    assert sender.metrics.levels.pop("SendingPaused") == 1
    sender.run_waiting()
    assert sender.metrics.levels.pop("SendingPaused") == 1

    sender.control.states.clear()
    sender.run_waiting()
    assert sender.metrics.levels.pop("SendingPaused") == 0
    assert len(sender.mailer.accepted) == 1


def test_the_paused_metric_is_set_by_mail_of_a_producer_that_may_send_while_another_is_paused() -> None:
    """Else a busy engine would end the alarm of a pause that lasts."""
    sender = Sender()
    sender.control.states["other"] = OPEN
    sender.send()
    assert sender.metrics.levels["SendingPaused"] == 1

    sender.control.states["other"] = SendingState(counts_from=NOW)
    sender.clock.sleep(6)
    sender.send()
    assert sender.metrics.levels["SendingPaused"] == 0


def test_a_hold_of_the_breaker_is_logged_as_the_failure_that_it_may_become_and_an_operators_is_not() -> None:
    lines = {}
    for by in ("breaker", "operator"):
        sender = Sender()
        sender.control.states[ME] = msgspec.structs.replace(OPEN, paused_by=by, opened_at=NOW)
        sender.send()
        [lines[by]] = [line for line in sender.log.lines if line["event"] == "email.deferred"]

    assert (lines["breaker"]["reason"], lines["breaker"]["error_type"]) == ("breaker", "bounce_rate_exceeded")
    assert "error_type" not in lines["operator"]


@pytest.mark.parametrize("excluded", [True, False])
def test_the_accounts_rate_excludes_the_probes_of_an_excluded_producer(excluded: bool) -> None:
    sender = Sender()
    sender.control.states[ME] = msgspec.structs.replace(COOLED, excluded=excluded)
    sender.send(emailId="probe")

    assert sender.control.sent == {ME: 1, ACCOUNT: 1}
    assert sum(counts.emails for counts in sender.control.excluded.values()) == excluded
