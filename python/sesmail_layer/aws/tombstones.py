"""Suppressions of erased addresses: they stand under a keyed hash, so that the address itself is stored nowhere.

The key lives in the control table and is made once; without it, nobody can try addresses against the hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.dynamodb_items import put_if, transient
from sesmail_layer.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "sha256:"
"""No address begins so."""

_PK = "secret#fingerprint-key"
_KEY_BYTES = 32
_NOT_MADE_YET = "attribute_not_exists(pk)"


class Tombstones:
    def __init__(self, client: DynamoDBClient, control_table_name: str) -> None:
        self._client = client
        self._table_name = control_table_name
        self._key = b""

    def key_of(self, address: str) -> str:
        """Gives the key under which an erased, case-folded address is suppressed. Raises TransientError."""
        self._key = self._key or self._read_or_make()
        return PREFIX + hmac.new(self._key, address.encode(), hashlib.sha256).hexdigest()

    def fingerprint(self, address: str) -> str:
        """Gives what logs say in an address's place: the same for the same address, of no use without the key."""
        try:
            return self.key_of(address).removeprefix(PREFIX)[:16]
        except TransientError:
            return ""  # A log line is not worth a failure.

    def _read_or_make(self) -> bytes:
        key: dict[str, Any] = {"pk": {"S": _PK}}
        try:
            answer = self._client.get_item(TableName=self._table_name, Key=key, ConsistentRead=True)
            item: dict[str, Any] = dict(answer.get("Item", {}))
            if not item:
                made = key | {"key": {"B": secrets.token_bytes(_KEY_BYTES)}}
                # Of several that make one at once, the first one's stands.
                item = put_if(self._client, self._table_name, made, _NOT_MADE_YET, {}) or made
        except (BotoCoreError, ClientError) as err:
            raise transient(err, "DynamoDB error in the control table", code="AWS006") from err
        return bytes(item["key"]["B"])
