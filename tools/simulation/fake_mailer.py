"""An SES that remembers what it accepted, and rejects what SES rejects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.simulation.fakes import FakeClock
from tools.simulation.limits import MAX_RAW_BYTES


@dataclass
class Mail:
    raw: bytes
    sender: str
    recipients: list[str]
    tags: dict[str, str]
    at: float
    message_id: str
    tenant: str


class FakeMailer:
    def __init__(self, clock: FakeClock) -> None:
        self.accepted: list[Mail] = []
        self.answers: list[Exception] = []
        """Raised by the next calls, first one first, before anything is accepted."""
        self.late_answers: list[Exception] = []
        """Raised by the next calls after the mail was accepted."""
        self.seconds = 0.0
        """How long each call takes."""
        self.longest = 4.5
        """How long a call may take."""
        self._clock = clock

    def longest_seconds(self, size: int) -> float:
        return self.longest

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        self._clock.sleep(self.seconds)
        if self.answers:
            raise self.answers.pop(0)
        # https://docs.aws.amazon.com/ses/latest/APIReference/API_MessageTag.html
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", tag) for tag in tags.values()), tags
        assert all(re.fullmatch(r"(ses:feedback-id-[ab]|[A-Za-z0-9_-]{1,256})", name) for name in tags), tags
        assert 1 <= len(recipients) == len(set(recipients)) <= 50
        assert "@" in sender
        assert len(raw) <= MAX_RAW_BYTES
        message_id = f"ses-{len(self.accepted) + 1}"
        self.accepted.append(Mail(raw, sender, list(recipients), dict(tags), self._clock.now(), message_id, tenant))
        if self.late_answers:
            raise self.late_answers.pop(0)
        return message_id
