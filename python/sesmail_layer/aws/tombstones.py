"""Keys of erased addresses' suppressions: a keyed hash, so that the address itself is stored nowhere.

The secret (`secret#fingerprint-key` in the control table) is created once. Without it, addresses cannot be tried
against the hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from sesmail_layer.aws.control_items import ControlItems, control_errors
from sesmail_layer.aws.dynamodb_items import Item, put_if
from sesmail_layer.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# No address begins like this.
PREFIX = "sha256:"

_PK = "secret#fingerprint-key"
_KEY_BYTES = 32
_NOT_CREATED = "attribute_not_exists(pk)"


class Tombstones(ControlItems):
    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        super().__init__(client, table_name)
        self._key = b""

    def key_of(self, address: str) -> str:
        """Return the key under which an erased, case-folded address is suppressed. Raises TransientError."""
        self._key = self._key or self._read_or_create()
        return PREFIX + hmac.new(self._key, address.encode(), hashlib.sha256).hexdigest()

    def fingerprint(self, address: str) -> str:
        """Return what logs show instead of an address: the same for the same address, useless without the secret."""
        try:
            return self.key_of(address).removeprefix(PREFIX)[:16]
        except TransientError:
            return ""  # A log line is not worth a failure.

    def _read_or_create(self) -> bytes:
        item = self._get(_PK)
        if not item:
            created: Item = {"pk": {"S": _PK}, "key": {"B": secrets.token_bytes(_KEY_BYTES)}}
            with control_errors():
                # Of several workers that create it at once, the first one's is kept.
                item = put_if(self._client, self._table_name, created, _NOT_CREATED, {}) or created
        return bytes(item["key"]["B"])
