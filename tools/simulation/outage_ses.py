"""An SES that takes mail, fails in outages, and publishes events about what it took."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from sesmail_layer.aws.clients import SesClients
from sesmail_layer.domain.ses.tags import decode_tag
from tools.simulation.fakes import FakeClock
from tools.simulation.ses import Mail, notification, ses_event

_SECONDS = 0.05
_SEND_EVENT_SECONDS = (0.5, 40.0)
"""SES promises no time: the first look at an unknown outcome may come before its event."""
_KINDS = {"hard": "Bounce", "soft": "Bounce", "delivered": "Delivery"}


class OutageSes:
    """Fulfils the port Mailer; its outages are in the wrapper of the ports."""

    def __init__(
        self,
        clock: FakeClock,
        dice: random.Random,
        publish: Callable[[float, str], None],
        outcome: str,
        latest: float,
        *,
        function_seconds: float,
    ) -> None:
        """`publish(at, body)`; `outcome`: what becomes of every email, `latest` seconds later or sooner.

        `function_seconds`: the sender's time-out.
        """
        self.accepted: list[Mail] = []
        self.weight = 0
        """Bytes that each message has at least, as far as time-outs see it."""
        self._clients = SesClients("sesv2", "SendEmail", function_seconds)
        self._clock = clock
        self._dice = dice
        self._publish = publish
        self._outcome = outcome
        self._latest = latest

    def longest_seconds(self, size: int) -> float:
        return self._clients.longest_seconds(max(size, self.weight))

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        self._clock.sleep(_SECONDS)
        now = self._clock.now()
        record_id, attempt = decode_tag(tags["emailId"]) or "", int(decode_tag(tags["attempt"]) or 0)
        outcome = "delivered" if self._outcome == "soft" and attempt > 1 else self._outcome
        message_id = f"ses-{len(self.accepted) + 1}"
        mail = Mail(record_id, attempt, list(recipients), now, message_id, outcome, tags)
        self.accepted.append(mail)
        sent_at = now + self._dice.uniform(*_SEND_EVENT_SECONDS)
        for kind, at in (("Send", sent_at), (_KINDS[outcome], now + self._dice.uniform(3.0, self._latest))):
            self._publish(at, notification(ses_event(mail, kind, mail.recipients[0])))
        return message_id
