"""Pages that need more of the bucket than one page may ask for: each load reads a few files, and leads to the next.

The answers of a reading are kept until its last step, so that a page that is loaded again shows what is there then.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sesmail_cli.console.view import REQUESTS_PER_PAGE, View
from sesmail_cli.templates.bucket import TemplateReleases
from sesmail_cli.templates.bucket_reads import Answer, KeptVersions, MoreToReadError, SteppedReads
from sesmail_cli.templates.gallery.shelf import InstalledShelf
from sesmail_cli.web.server import Response

READING = "reading"
_KEPT_READINGS = 20


class BucketReadings:
    """The readings of the templates' bucket that are under way."""

    def __init__(self, shelf: InstalledShelf) -> None:
        self._shelf = shelf
        self._readings: OrderedDict[str, dict[Any, Answer]] = OrderedDict()
        self._versions = KeptVersions()
        self._lock = threading.Lock()

    @contextmanager
    def step(self, view: View) -> Iterator[TemplateReleases]:
        """Return what reads the bucket in this page's step. Raises MoreToReadError where that is not enough."""
        reading = view.request.query.get(READING) or secrets.token_urlsafe(9)
        s3, bucket = view.engine.s3, self._shelf.bucket
        reads = SteppedReads(
            s3,
            bucket,
            requests=REQUESTS_PER_PAGE,
            reading=reading,
            answers=self._answers(reading),
            versions=self._versions,
        )
        try:
            yield TemplateReleases(s3, bucket, reads)
        except MoreToReadError:
            raise
        except BaseException:
            self._end(reading)
            raise
        self._end(reading)

    def _answers(self, reading: str) -> dict[Any, Answer]:
        with self._lock:
            answers = self._readings.setdefault(reading, {})
            self._readings.move_to_end(reading)
            while len(self._readings) > _KEPT_READINGS:
                self._readings.popitem(last=False)
        return answers

    def _end(self, reading: str) -> None:
        with self._lock:
            self._readings.pop(reading, None)


def reading_page(view: View, error: MoreToReadError) -> Response:
    """Say how much was read, and go on with the same page: by itself, as a browser ends long chains of redirects."""
    query = dict(view.request.query) | ({READING: error.reading} if error.reading else {})
    href = view.url(view.request.path, **query)
    page = view.page("reading.html", read=error.read, total=error.total, href=href)
    return Response(page.content, headers={"Refresh": f"0; url={href}"})
