"""A feedback processor after a sender that counted its emails."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from tools.simulation.fakes import NOW
from tools.simulation.feedback import Feedback, bounced, complained

ME, OTHER = "my.application", "other.application"

OPEN = SendingState(
    paused=True, paused_by="breaker", trip="bounce", opened_at=NOW - 3_600, paused_reason="bounces", excluded=True
)


class Engine(Feedback):
    """With emails that were counted when they were sent, as the sender does."""

    def sent_by(self, source: str, emails: int) -> list[str]:
        ids = [f"{source}-{number}" for number in range(emails)]
        for email_id in ids:
            self.sent(email_id, original_source=source)
        self.count_only(source, emails)
        return ids

    def count_only(self, source: str, emails: int) -> None:
        self.control.count_sent(source, emails, NOW)
        self.control.count_sent(ACCOUNT, emails, NOW)

    def bounce(self, ids: Collection[str], **about: Any) -> None:
        for email_id in ids:
            assert self.run(self.message(bounced(email_id=email_id, **about))) == set()

    def complain(self, ids: Collection[str]) -> None:
        for email_id in ids:
            assert self.run(self.message(complained(email_id=email_id))) == set()

    def state(self, source: str = ME) -> SendingState:
        return self.control.states.get(source, SendingState())

    def counted(self, source: str = ME) -> Counts:
        return sum(self.control.timelines.get(source, {}).values(), Counts())


def probing(engine: Engine, probes: int = 5, source: str = ME) -> list[str]:
    ids = [f"probe-{number}" for number in range(probes)]
    for email_id in ids:
        engine.sent(email_id, probe=True)
    engine.control.states[source] = msgspec.structs.replace(OPEN, probes=ids, probed_at=NOW)
    return ids
