"""This account's sending limits in SES (GetSendQuota)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Quota

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

    from sesmail_layer.usecases.ports import Clock


class SesQuota:
    def __init__(self, client: SESClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def ask(self) -> Quota:
        """Ask SES, which allows one request per second. Raises TransientError."""
        try:
            answer = self._client.get_send_quota()
        except (BotoCoreError, ClientError) as err:
            raise TransientError(f"SES error (GetSendQuota): {type(err).__name__}", code="SES010") from err
        return Quota(
            max_send_rate=answer["MaxSendRate"],
            max_24_hour_send=answer["Max24HourSend"],
            sent_last_24_hours=answer["SentLast24Hours"],
            checked_at=self._clock.now(),
        )
