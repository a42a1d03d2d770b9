"""The engine's secret keys: SSM SecureString parameters `/NAME/keys/<purpose>`, which only the functions' roles read.

The seeder creates them once. A rotation writes a new version of the parameter; the version before it is in use for 30
more days, so that what was hashed with it is found for so long, also where it is rotated again by then (the last five
versions). A container reads a key once, and again every hour.
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html

The default key `aws/ssm` needs no statement about KMS; every principal of the account that may read the parameter may
decrypt it: https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import TOMBSTONE_PREFIX

if TYPE_CHECKING:
    from sesmail_layer.usecases.ports import Clock

_FINGERPRINT, _ERASURE, _UNSUBSCRIBE = _PURPOSES = "fingerprint", "erasure", "unsubscribe"
_KEY_BYTES = 32
_PREVIOUS_SECONDS = 30 * 86_400
_MOST_VERSIONS = 5
"""Those in use: each is a call when a key is read."""
_FRESH_SECONDS = 3_600
_FAILED_SECONDS = 10
"""A batch that SSM does not answer asks it once, not for each of its emails: each call takes up to 5 s."""
_DENIED = {"AccessDenied", "AccessDeniedException"}


class SecretKeys:
    def __init__(self, client: Any, name: str, clock: Clock, *, fresh_seconds: float = _FRESH_SECONDS) -> None:
        """`name` is the engine's; a key is read again after `fresh_seconds`."""
        self._client = client
        self._path = f"/{name}/keys/"
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._keys: dict[str, tuple[float, Sequence[bytes]]] = {}
        self._errors: dict[str, tuple[float, TransientError]] = {}

    # --- use ----------------------------------------------------------------------------------------------------------

    def tombstones_of(self, address: str) -> list[str]:
        """Return the keys under which an erased, case-folded address may be suppressed, today's first.

        Raises TransientError, also while the seeder has not created the key: nothing is sent unchecked.
        """
        return [TOMBSTONE_PREFIX + _hash(key, address) for key in self._read(_ERASURE)]

    def fingerprint(self, address: str) -> str:
        """Return what logs show instead of an address: the same for the same address, useless without the key."""
        try:
            return _hash(self._read(_FINGERPRINT)[0], address)[:16]
        except TransientError:
            return ""  # A log line is not worth a failure.

    def unsubscribe_keys(self) -> Sequence[bytes]:
        """Return the keys of unsubscribe links, the one that signs first. Raises TransientError."""
        return self._read(_UNSUBSCRIBE)

    def _read(self, purpose: str) -> Sequence[bytes]:
        """Return the key, and those before while they are in use; the last answer if SSM gives none."""
        now = self._clock.now()
        read_at, keys = self._keys.get(purpose, (0.0, ()))
        if keys and now - read_at < self._fresh_seconds:
            return keys
        failed_at, error = self._errors.get(purpose, (0.0, None))
        if error is not None and now - failed_at < _FAILED_SECONDS:
            raise error
        try:
            keys = self._read_versions(self._path + purpose, now)
        except (BotoCoreError, ClientError) as err:
            if not keys:
                message = f"SSM error reading the key '{self._path}{purpose}': {_reason(err)}"
                error = TransientError(message, code="AWS009")
                if isinstance(err, BotoCoreError):
                    self._errors[purpose] = self._clock.now(), error
                raise error from err
        self._keys[purpose] = now, keys
        return keys

    def _read_versions(self, name: str, now: float) -> Sequence[bytes]:
        version = self._client.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        keys = [version["Value"].encode()]
        # A version is in use until its successor is 30 days old.
        while (
            version["Version"] > 1
            and len(keys) < _MOST_VERSIONS
            and now - version["LastModifiedDate"].timestamp() < _PREVIOUS_SECONDS
        ):
            before = f"{name}:{version['Version'] - 1}"
            version = self._client.get_parameter(Name=before, WithDecryption=True)["Parameter"]
            keys.append(version["Value"].encode())
        return keys

    # --- life ---------------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Create the keys that do not exist; of several callers the first one's are kept. Raises SeedError."""
        for purpose in _PURPOSES:
            value = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
            try:
                self._client.put_parameter(Name=self._path + purpose, Value=value, Type="SecureString")
            except self._client.exceptions.ParameterAlreadyExists:
                continue
            except ClientError as err:
                if _reason(err) not in _DENIED:
                    raise
                from sesmail_layer.domain.template.starters import SeedError

                raise SeedError(f"AccessDenied on the keys under {self._path}: {err}", code="SEED007") from err

    def delete(self) -> None:
        """Delete the keys: what was hashed with them is found no more."""
        for purpose in _PURPOSES:
            with suppress(self._client.exceptions.ParameterNotFound):
                self._client.delete_parameter(Name=self._path + purpose)


def _hash(key: bytes, address: str) -> str:
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()


def _reason(err: BotoCoreError | ClientError) -> str:
    return str(err.response["Error"].get("Code")) if isinstance(err, ClientError) else type(err).__name__
