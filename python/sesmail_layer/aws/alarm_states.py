"""The states of the alarms on SES's own metrics, and the control table's item `ses-alarms`: when they are due."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.control_items import ControlItems, number
from sesmail_layer.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY = "ses-alarms"


class AlarmStates(ControlItems):
    def __init__(self, client: DynamoDBClient, table_name: str, cloudwatch: Any) -> None:
        super().__init__(client, table_name)
        self._cloudwatch = cloudwatch

    def take_look(self, now: float, seconds: float) -> bool:
        """Return True for the one worker that shall look; the others may not for so many seconds.

        Raises TransientError.
        """
        return self._take_lease(_KEY, now, seconds)

    def hasten_look(self, now: float, taken_seconds: float, seconds: float) -> None:
        """Let the next look be due after `seconds` in place of the `taken_seconds` of `take_look`.

        What an operator has postponed meanwhile stays. Raises TransientError.
        """
        values = {":taken": number(now + taken_seconds), ":until": number(now + seconds)}
        self._update(_KEY, "SET leaseUntil = :until", values, condition="leaseUntil = :taken")

    def postpone_look(self, now: float, seconds: float) -> None:
        """Set when the next look is due, counted from `now`. Raises TransientError."""
        self._update(_KEY, "SET leaseUntil = :until", {":until": number(now + seconds)})

    def firing(self, names: Collection[str]) -> Sequence[str]:
        """Return which of these alarms are in ALARM. Raises TransientError.

        Metric alarms alone: only a permission on every alarm of the account would find composite ones.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        """
        try:
            answer = self._cloudwatch.describe_alarms(AlarmNames=sorted(names), AlarmTypes=["MetricAlarm"])
        except (BotoCoreError, ClientError) as err:
            text = f"CloudWatch error (DescribeAlarms): {type(err).__name__}"
            raise TransientError(text, code="AWS010") from err
        return sorted(alarm["AlarmName"] for alarm in answer["MetricAlarms"] if alarm["StateValue"] == "ALARM")
