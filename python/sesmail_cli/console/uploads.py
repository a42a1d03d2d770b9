"""Files that were given to the console, for the time it runs: a plan and its confirmation work on the same bytes."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from sesmail_cli.operator.command import UsageError

_KEPT = 5
_UNSAFE = re.compile(r"[^\w .()-]")


class Upload(NamedTuple):
    path: Path
    name: str
    """As the browser named it, for people."""


class Uploads:
    """The newest files, in a folder that only this user can read."""

    def __init__(self) -> None:
        self._uploads: OrderedDict[str, Upload] = OrderedDict()

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="sesmail-uploads-")

    def keep(self, content: bytes, name: str) -> str:
        """Keep a file; return its id."""
        upload_id = secrets.token_urlsafe(9)
        path = Path(self._folder.name) / upload_id
        path.write_bytes(content)
        self._uploads[upload_id] = Upload(path, _UNSAFE.sub("_", name)[:100].strip() or "list.csv")
        while len(self._uploads) > _KEPT:
            _, oldest = self._uploads.popitem(last=False)
            oldest.path.unlink(missing_ok=True)
        return upload_id

    def find(self, upload_id: str) -> Upload:
        """Return a file. Raises UsageError for one that is not kept any more."""
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise UsageError("The list is not there any more: choose the file again.")
        return upload

    def close(self) -> None:
        """Delete all files."""
        if "_folder" in self.__dict__:
            self._folder.cleanup()
