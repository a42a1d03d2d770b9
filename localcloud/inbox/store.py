"""What the inbox lists: a summary of each mail, read once; the mails themselves stay with the emulated SES."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import islice

from localcloud.emulator import Emulator
from localcloud.inbox.message import OpenedMail
from localcloud.mailbox import Mail, mails, message_ids

UNREADABLE = "(this email cannot be parsed)"
# Mails read at once.
_CHUNK = 100
_PREHEADER_CHARACTERS = 140
# A search looks at no more of a text, and the list shows less.
_SUBJECT_CHARACTERS = 1000
# What senders append to a preheader, so that no body text follows it in the list.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff]")


@dataclass(frozen=True)
class Summary:
    """One mail as the list shows it."""

    number: int
    """Its place in the order of arrival."""
    message_id: str
    recipients: tuple[str, ...]
    subject: str
    preheader: str
    template: str
    producer: str
    record_id: str
    """The key of its tracking record; empty: the engine did not send it."""
    attempt: str
    accepted_at: float
    attachments: int

    def has(self, text: str) -> bool:
        """Whether a case-folded text occurs in it."""
        fields = (*self.recipients, self.subject, self.preheader, self.template, self.producer, self.record_id)
        return any(text in field.casefold() for field in fields)


class Store:
    """The summaries, brought up to date by `refresh`."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self._summaries: list[Summary] = []
        self._first = 0

    def refresh(self) -> None:
        """Read what has arrived. Raises LocalCloudError or OSError where the local cloud does not answer."""
        with self._lock:
            while self._read_chunk():
                pass

    def clear(self) -> None:
        """Show no mail that has arrived so far."""
        self.refresh()
        with self._lock:
            self._first = len(self._summaries)

    def find(self, text: str = "") -> list[Summary]:
        """List the mails that contain a text, the newest first."""
        with self._lock:
            shown = self._summaries[self._first :]
        wanted = text.strip().casefold()
        return [one for one in reversed(shown) if not wanted or one.has(wanted)]

    def get(self, message_id: str) -> Summary | None:
        """Return the mail with an SES id."""
        return next((one for one in self.find() if one.message_id == message_id), None)

    def open(self, summary: Summary) -> OpenedMail:
        """Read a whole mail. Raises LocalCloudError or OSError where the local cloud does not have it."""
        [mail] = mails(self._emulator, summary.number, 1)
        return OpenedMail(mail)

    def _read_chunk(self) -> bool:
        """Append the next mails; return whether there may be more.

        If another mail is in the place of the last known one, the emulated SES was reset.
        """
        known = len(self._summaries)
        ids = message_ids(self._emulator, max(known - 1, 0))
        if known and ids[:1] != [self._summaries[-1].message_id]:
            self._summaries, self._first = [], 0
            return True
        if len(ids) == bool(known):
            return False
        found = mails(self._emulator, known, _CHUNK)
        self._summaries += [summary_of(mail, number) for number, mail in enumerate(found, start=known)]
        return bool(found)


def summary_of(mail: Mail, number: int) -> Summary:
    """Summarise a mail for the list, by its envelope alone where it is too malformed to be parsed."""
    try:
        return _summary_of_content(mail, number)
    except Exception:
        # The parser fails with any error, and one mail must not hide the others.
        return Summary(number, mail.message_id, mail.destinations, UNREADABLE, "", "", "", "", "", mail.accepted_at, 0)


def _summary_of_content(mail: Mail, number: int) -> Summary:
    opened = OpenedMail(mail)
    return Summary(
        number=number,
        message_id=mail.message_id,
        recipients=mail.destinations,
        subject=opened.header("Subject")[:_SUBJECT_CHARACTERS],
        preheader=preheader(opened.html) or preheader(opened.text, is_html=False),
        template=opened.tag("templateName"),
        producer=opened.tag("source"),
        record_id=opened.tag("emailId"),
        attempt=opened.tag("attempt"),
        accepted_at=mail.accepted_at,
        attachments=len(opened.attachments),
    )


class _Text(HTMLParser):
    """Collects the text of a body."""

    _SKIPPED = ("style", "script", "title", "head")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._SKIPPED:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            del self._inside[self._inside.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts.append(data)


def preheader(body: str, *, is_html: bool = True) -> str:
    """Return the first words of a body, which mail programs show next to the subject."""
    texts = [body]
    if is_html:
        parser = _Text()
        # The words come first; a body of megabytes is not read to its end.
        parser.feed(body[:200_000])
        texts = parser.texts
    words = (word for text in texts for word in _INVISIBLE.sub("", text).split())
    return " ".join(islice(words, 60))[:_PREHEADER_CHARACTERS].rstrip()
