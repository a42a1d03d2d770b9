"""Signed unsubscribe links: which email of which recipient a link belongs to, without an address in its URL.

token = base64url(mac + source + recipient + emailId)

source      the first 8 bytes of the source's SHA-256: another source may have used the emailId first (`key_of_source`)
recipient   a keyed hash of source and address: an emailId that is free again (its record expired, its request was
            rejected) may belong to another recipient by now, whom an old link must not unsubscribe
mac         a keyed hash of the rest: a forged link is recognised without a call
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from sesmail_layer.domain.record.tracking import TrackingRecord

_MAC_BYTES, _SOURCE_BYTES, _RECIPIENT_BYTES = 16, 8, 12
_MAX_TOKEN = 300
"""Characters; the longest emailId makes 219."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a link with a valid signature says."""

    email_id: str
    """As requested."""
    source_digits: str
    recipient: bytes
    key: bytes
    """The one that signed it."""

    @property
    def record_ids(self) -> tuple[str, str]:
        """The keys that the email's tracking record may have."""
        return self.email_id, f"{self.email_id}#{self.source_digits}"

    def belongs_to(self, record: TrackingRecord) -> bool:
        """Return True where the link was made for this record's source and recipient."""
        made_for = _recipient(self.key, record.original_source or "", record.to_email or "")
        return hmac.compare_digest(self.recipient, made_for)


def sign(key: bytes, *, record_id: str, source: str, address: str) -> str:
    """Return the token of a link that unsubscribes an email's case-folded `to`."""
    email_id = record_id.partition("#")[0]
    content = hashlib.sha256(source.encode()).digest()[:_SOURCE_BYTES] + _recipient(key, source, address)
    content += email_id.encode()
    return base64.urlsafe_b64encode(_mac(key, content) + content).rstrip(b"=").decode()


def read(token: str, keys: Sequence[bytes]) -> Link | None:
    """Return what a token says; None where none of the keys signed it."""
    raw = _decoded(token)
    mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    key = next((key for key in keys if hmac.compare_digest(mac, _mac(key, content))), None)
    if key is None:
        return None
    source, recipient = content[:_SOURCE_BYTES], content[_SOURCE_BYTES : _SOURCE_BYTES + _RECIPIENT_BYTES]
    email_id = content[_SOURCE_BYTES + _RECIPIENT_BYTES :].decode()
    return Link(email_id=email_id, source_digits=source.hex(), recipient=recipient, key=key)


def reader_of(record: TrackingRecord) -> str:
    """Return the case-folded address that got the email: the recipient, or the mailbox that it was redirected to."""
    return (record.redirected_to or record.to_email or "").casefold()


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token[:_MAX_TOKEN] + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, b"link\n" + content, hashlib.sha256).digest()[:_MAC_BYTES]


def _recipient(key: bytes, source: str, address: str) -> bytes:
    content = f"recipient\n{source}\n{address}"
    return hmac.new(key, content.encode(), hashlib.sha256).digest()[:_RECIPIENT_BYTES]
