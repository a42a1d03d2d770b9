"""SES does not say whether it took an email."""

from __future__ import annotations

from typing import Any

from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


class TestAnOutcomeThatNobodyKnows:
    """SES timed out: it may have the mail or not."""

    def after_a_timeout(self, *, accepted: bool, **rules: Any) -> Sender:
        sender = Sender(**rules)
        lost = OutcomeUnknownError("ReadTimeoutError")
        (sender.mailer.late_answers if accepted else sender.mailer.answers).append(lost)
        assert sender.run(sender.message(request(emailId="order-1"))) == set()
        assert len(sender.waiting.messages) == 1
        return sender

    def test_it_is_not_sent_again_while_the_claim_is_unsettled(self) -> None:
        sender = self.after_a_timeout(accepted=True)

        sender.run_waiting()

        assert len(sender.mailer.accepted) == 1
        assert len(sender.waiting.messages) == 1

    def test_it_is_sent_again_as_the_next_attempt_when_no_event_came(self) -> None:
        sender = self.after_a_timeout(accepted=False)

        while sender.waiting.messages:
            sender.run_waiting()

        record = sender.tracking.records["order-1"]
        assert (record.status, record.attempt) == (Status.SENT, 2)
        assert len(sender.mailer.accepted) == 1
        assert sender.clock.now() >= NOW + 300

    def test_a_resend_of_an_unknown_outcome_does_not_use_up_the_soft_bounce_retry(self) -> None:
        sender = self.after_a_timeout(accepted=False, soft_bounce_retries=1)
        while sender.waiting.messages:
            sender.run_waiting()

        assert sender.tracking.records["order-1"].attempt == 2
        assert sender.pending.kept["order-1"][0].attempt == 2

    def test_it_waits_for_as_long_as_events_are_unread(self) -> None:
        sender = self.after_a_timeout(accepted=False)
        sender.progress.answers_probes = False

        for _ in range(20):
            sender.run_waiting()

        assert sender.mailer.accepted == []
        sender.progress.advance(sender.progress.probes[-1])
        sender.run_waiting()
        assert len(sender.mailer.accepted) == 1

    def test_it_fails_when_events_stay_unread_for_as_long_as_it_may_be_held(self) -> None:
        sender = self.after_a_timeout(accepted=False, max_hold_seconds=1800)
        sender.progress.answers_probes = False

        while sender.waiting.messages:
            sender.run_waiting()

        record = sender.tracking.records["order-1"]
        assert (record.status, record.error_type) == (Status.FAILED, "outcome_unknown")
        assert sender.log.codes() == ["SES007"]
        assert sender.mailer.accepted == []

    def test_it_fails_where_resending_is_not_wanted(self) -> None:
        sender = self.after_a_timeout(accepted=False, resend_unknown=False)

        while sender.waiting.messages:
            sender.run_waiting()

        record = sender.tracking.records["order-1"]
        assert (record.status, record.error_type) == (Status.FAILED, "outcome_unknown")
        assert sender.log.codes() == ["SES007"]
        assert sender.mailer.accepted == []
