"""The item `quota` of the control table: SES's last answer to GetSendQuota, and who asks for the next one."""

from __future__ import annotations

import msgspec

from sesmail_layer.aws.control_items import ControlItems, control_errors
from sesmail_layer.aws.dynamodb_items import from_item, to_item
from sesmail_layer.domain.guards.pacing import Quota

_KEY = "quota"


class QuotaCache(ControlItems):
    def read_quota(self) -> Quota | None:
        """Read SES's last answer. Raises TransientError."""
        item = self._get(_KEY)
        try:
            return from_item(item, Quota)
        except msgspec.ValidationError:  # There is none yet, or somebody else wrote it: SES is asked again.
            return None

    def write_quota(self, quota: Quota) -> None:
        """Store an answer, which also ends the lease. Raises TransientError."""
        with control_errors():
            self._client.put_item(TableName=self._table_name, Item={"pk": {"S": _KEY}, **to_item(quota, {})})

    def take_quota_lease(self, now: float, seconds: float) -> bool:
        """Return True for the one worker that shall ask SES; others use the stored answer. Raises TransientError."""
        return self._take_lease(_KEY, now, seconds)
