"""A fake of S3's attachments: objects that have a size before they are read."""

from __future__ import annotations

from sesmail_layer.domain.errors import PermanentError


class FakeAttachments:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        """What an object's size was before it was overwritten."""

    def size(self, s3_uri: str, field: str, max_bytes: int) -> int:
        if s3_uri not in self.objects:
            raise PermanentError("attachment_error", f"Validation error: {field}: gone", code="ATT003")
        return self._checked(self.sizes.get(s3_uri, len(self.objects[s3_uri])), field, max_bytes)

    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        self._checked(len(self.objects[s3_uri]), field, max_bytes)
        return self.objects[s3_uri]

    def _checked(self, size: int, field: str, max_bytes: int) -> int:
        if size > max_bytes:
            message = f"Validation error: {field}: {size} bytes, at most {max_bytes} are allowed"
            raise PermanentError("attachment_error", message, code="ATT004")
        return size
