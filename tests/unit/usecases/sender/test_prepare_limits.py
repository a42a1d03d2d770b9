"""How much time and how many bytes the preparation of an email has, to the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.request.envelopes import TEST_SOURCE
from sesmail_layer.domain.template.templates import Template
from sesmail_layer.usecases.sender.job import Email, receive
from sesmail_layer.usecases.sender.prepare import Preparation, PreparedMail
from tools.simulation.attachments import FakeAttachments
from tools.simulation.fakes import NOW, FakeClock, FakeTemplates, request
from tools.simulation.sender import Sender, sending_rules

# Bytes of "<p>Hello Ada</p>" and "Hello Ada".
BODY = 16 + 9


class NotedTemplates(FakeTemplates):
    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        self.seconds = compile_seconds
        return super().load(name, locale, compile_seconds)


class NotedAttachments(FakeAttachments):
    def __init__(self, **objects: int) -> None:
        super().__init__()
        self.objects = {f"s3://invoices/{name}": b"x" * size for name, size in objects.items()}
        self.asked: list[tuple[str, int]] = []

    def size(self, s3_uri: str, field: str, max_bytes: int) -> int:
        self.asked.append((field, max_bytes))
        return super().size(s3_uri, field, max_bytes)

    def read(self, s3_uri: str, field: str, max_bytes: int) -> bytes:
        self.asked.append((field, max_bytes))
        return super().read(s3_uri, field, max_bytes)


class Preparing:
    def __init__(self, seconds: float = 30, attachments: FakeAttachments | None = None, **rules: Any) -> None:
        self.clock, self.templates, self.limits = FakeClock(), NotedTemplates(), list[float]()
        ports = msgspec.structs.replace(
            Sender().ports(),
            templates=self.templates,
            attachments=attachments or FakeAttachments(),
            clock=self.clock,
            time_limit=self._limit,
        )
        self.preparation = Preparation(ports, sending_rules(**rules), seconds)

    @contextmanager
    def _limit(self, seconds: float) -> Iterator[None]:
        self.limits.append(seconds)
        yield

    def __call__(self, **fields: Any) -> PreparedMail:
        return self.preparation(email(**fields))


def email(**fields: Any) -> Email:
    message = Sender().message(request(**fields))
    job = receive(message, now=NOW, max_schedule_days=30, max_request_bytes=252 * 1024, refuse_unknown=False)
    assert isinstance(job, Email)
    job.policy = ProducerPolicy(attachment_prefixes=["s3://invoices/"])
    return job


@pytest.mark.parametrize(("seconds", "compiling"), [(30, 8), (16, 8), (15, 7), (5.5, 2), (4, 2), (1, 2)])
def test_a_template_may_compile_for_half_of_the_time_between_two_and_eight_seconds(
    seconds: float, compiling: float
) -> None:
    preparing = Preparing(seconds=seconds)
    preparing.clock.time -= 60
    preparing()

    assert preparing.templates.seconds == compiling
    assert preparing.limits == [2]


@pytest.mark.parametrize(("seconds", "last"), [(30, 20), (15, 6), (4, 0)])
def test_an_email_is_begun_while_it_can_be_compiled_rendered_and_sent(seconds: float, last: float) -> None:
    preparing = Preparing(seconds=seconds)
    assert preparing.preparation.last_start == NOW + last
    preparing.clock.time = NOW + last
    preparing()


def test_a_prepared_mail_weighs_its_bodies_and_its_files_as_base64() -> None:
    preparing = Preparing(attachments=NotedAttachments(one=1, two=4))
    files = [
        {"filename": "a.txt", "contentBase64": "YWJj"},
        {"filename": "b.pdf", "s3Uri": "s3://invoices/one"},
        {"filename": "c.pdf", "s3Uri": "s3://invoices/two"},
    ]

    assert preparing().size == BODY
    assert preparing(attachments=files).size == BODY + 4 + 4 + 8
    assert preparing(templateData={"name": "Zoë"}).size == BODY + 2
    assert Preparing(max_message_bytes=BODY - 1)().size == BODY - 1


def test_a_file_may_be_as_large_as_the_files_before_it_leave_room() -> None:
    attachments = NotedAttachments(one=3, two=5, three=1)
    files = [
        {"filename": "a.txt", "contentBase64": "YWJj"},
        *[
            {"filename": f"{name}.pdf", "s3Uri": f"s3://invoices/{name}"}
            for name in attachments.sizes or ("one", "two")
        ],
    ]
    mail = Preparing(attachments=attachments, max_message_bytes=3_000)(attachments=files)

    # Base64 makes four bytes of three, and each file fills its last four.
    weighed = [("attachments[1].s3Uri", (3_000 - 4) * 3 // 4), ("attachments[2].s3Uri", (3_000 - 8) * 3 // 4)]
    assert attachments.asked == weighed
    attachments.asked.clear()
    assert b"one.pdf" in mail.compose()
    assert attachments.asked == weighed


def test_nothing_more_is_read_once_a_message_is_full() -> None:
    attachments = NotedAttachments(one=3, two=0)
    attachments.objects["s3://invoices/one"] = b""
    files = [{"filename": f"{name}.pdf", "s3Uri": f"s3://invoices/{name}"} for name in ("one", "two")]
    mail = Preparing(attachments=attachments, max_message_bytes=4)(attachments=files)
    attachments.asked.clear()

    attachments.objects["s3://invoices/one"] = b"xyz"
    with pytest.raises(PermanentError, match="attachments: the message is"):
        mail.compose()
    assert attachments.asked == [("attachments[0].s3Uri", 3), ("attachments[1].s3Uri", 0)]


@pytest.mark.parametrize("limit", [8, 7])
def test_base64_may_be_as_long_as_the_message(limit: int) -> None:
    preparing = Preparing(max_message_bytes=limit)
    files = [{"filename": f"{name}.txt", "contentBase64": "YWJj"} for name in "ab"]
    if limit == 8:
        assert preparing(attachments=files).size == 8
    else:
        with pytest.raises(PermanentError) as caught:
            preparing(attachments=files)
        assert (caught.value.error_type, caught.value.code) == ("attachment_error", "VAL007")
        assert caught.value.message == ("Validation error: attachments: the message is 8 bytes, at most 7 are allowed")


@pytest.mark.parametrize(
    ("sensitive", "template", "kept"), [(True, False, True), (False, True, True), (None, False, False)]
)
def test_an_email_is_sensitive_if_its_request_or_its_template_says_so(
    sensitive: bool | None, template: bool, kept: bool
) -> None:
    preparing = Preparing()
    preparing.templates.add("private", "h", "t", {"subject": "s", "sensitive": template})
    job = email(templateName="private", sensitive=sensitive)
    preparing.preparation(job)

    assert job.sensitive is kept


def test_the_year_is_known_to_a_template_unless_the_request_has_another() -> None:
    preparing = Preparing()
    preparing.templates.add("dated", "{{ year + 1 }}", "t", {"subject": "{{ year }}"})

    for data, subject in (({}, "2026"), ({"year": 1999}, "1999")):
        job = email(templateName="dated", templateData=data)
        preparing.preparation(job)
        assert job.facts["subject"] == subject


@pytest.mark.parametrize(("source", "rechecks"), [(TEST_SOURCE, [("welcome", None)]), ("shop.orders", [])])
def test_only_a_test_asks_for_a_template_s_changes_at_once(source: str, rechecks: list[tuple[str, str | None]]) -> None:
    preparing = Preparing()
    job = email()
    job.envelope = msgspec.structs.replace(job.envelope, source=source)
    preparing.preparation(job)
    assert preparing.templates.rechecks == rechecks
