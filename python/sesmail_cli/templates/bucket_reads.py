"""What a bucket answers to reads: at once, or in steps of a few requests each.

A page of the console asks AWS three times at most. What needs more is read in steps: each step runs the same code
again, with the answers of the steps before it, until all are there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Answer = Mapping[str, Any]
_KEPT_VERSIONS = 500
_KEPT_BYTES = 64 * 1024 * 1024
_NO_VERSION = "null"
"""Of an object without versions: it can be written again."""


class MoreToReadError(Exception):
    """One step's requests are used: ask again, with the answers that `reading` names."""

    def __init__(self, read: int, total: int | None = None, reading: str = "") -> None:
        super().__init__(read, total, reading)
        self.read = read
        """Files that were read."""
        self.total = total
        """None: not known yet."""
        self.reading = reading


class BucketReads:
    """Reads of one bucket, without a limit. Raises botocore's errors."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def pages(self, operation: str, **arguments: str) -> Iterator[Answer]:
        """Return the pages of `list_objects_v2` or `list_object_versions`, a request each."""
        further: dict[str, str] = {}
        while True:
            page = self.ask(operation, **arguments, **further)
            yield page
            if not page.get("IsTruncated"):
                return
            further = _further(page)

    def get(self, key: str, **version: str) -> Answer:
        """Return an object, with its content as `Body`."""
        return self.ask("get_object", Key=key, **version)

    def ask(self, operation: str, **arguments: str) -> Answer:
        """Send one request."""
        answer: dict[str, Any] = getattr(self._s3, operation)(Bucket=self._bucket, **arguments)
        return answer | ({"Body": answer["Body"].read()} if "Body" in answer else {})


class KeptVersions(OrderedDict[Any, Answer]):
    """The versions of objects that were read last: a version never changes."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def keep(self, key: Any, answer: Answer) -> None:
        """Keep the answer with a version, and forget the oldest ones above the limits."""
        with self._lock:
            self[key] = answer
            while len(self) > _KEPT_VERSIONS or sum(len(kept["Body"]) for kept in self.values()) > _KEPT_BYTES:
                self.popitem(last=False)


class SteppedReads(BucketReads):
    """One step: it answers from what earlier steps have asked, and with a few new requests. Raises MoreToReadError."""

    def __init__(
        self,
        s3: S3Client,
        bucket: str,
        *,
        requests: int,
        reading: str,
        answers: dict[Any, Answer],
        versions: KeptVersions,
    ) -> None:
        super().__init__(s3, bucket)
        self._left = requests
        self._reading = reading
        self._answers = answers
        self._versions = versions
        self._read: set[Any] = set()

    def ask(self, operation: str, **arguments: str) -> Answer:
        key = (operation, *sorted(arguments.items()))
        answer = self._answers.get(key) or self._versions.get(key)
        if answer is None:
            if not self._left:
                raise MoreToReadError(len(self._read), reading=self._reading)
            self._left -= 1
            answer = super().ask(operation, **arguments)
            if arguments.get("VersionId", _NO_VERSION) != _NO_VERSION:
                self._versions.keep(key, answer)
        # Also a kept version: others may take its place before the last step.
        self._answers[key] = answer
        if operation == "get_object":
            self._read.add(key)
        return answer


def _further(page: Answer) -> dict[str, str]:
    if "NextContinuationToken" in page:
        return {"ContinuationToken": page["NextContinuationToken"]}
    version = {"VersionIdMarker": page["NextVersionIdMarker"]} if "NextVersionIdMarker" in page else {}
    return {"KeyMarker": page["NextKeyMarker"]} | version
