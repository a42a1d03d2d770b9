"""Mail of a local cloud without an engine: sent through its SES API, with the records that the engine would write."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from localcloud.clients import client
from localcloud.emulator import Emulator
from localcloud.mailbox import mails
from sesmail_cli.templates.render import render_email
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.ses.tags import encode_tags
from tests.templates.conftest import STARTERS
from tests.templates.data import sample

TABLE = "sesmailengine-EmailTracking"
ADA = "ada@example.org"


def email(subject: str = "Hello", to: str = ADA, html: str = "", text: str = "Hi", **headers: str) -> EmailMessage:
    """Build a message; headers by their names with `_` for `-`."""
    message = EmailMessage()
    for name, value in {"From": "Northwind Books <shop@example.com>", "To": to, "Subject": subject, **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def starter_email(name: str, to: str = ADA) -> EmailMessage:
    """Build the message that the engine makes of a starter's sample."""
    request = {"to": to, "templateName": name, "templateData": sample(STARTERS[name])}
    rendered = render_email(STARTERS[name], request)
    headers = dict(rendered.headers)
    return email(headers["Subject"], to, rendered.html, rendered.text, **{"Reply_To": "support@example.com"})


@dataclass
class LocalMail:
    """Sends mail, and writes records."""

    emulator: Emulator
    count: int = field(default=0, init=False)

    @cached_property
    def ses(self) -> Any:
        made = client(self.emulator, "ses")
        made.verify_domain_identity(Domain="example.com")
        return made

    @cached_property
    def table(self) -> TrackingTable:
        dynamodb = client(self.emulator, "dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "emailId", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "emailId", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return TrackingTable(dynamodb, TABLE)

    def send(
        self,
        message: EmailMessage | bytes,
        *statuses: Status,
        template: str = "welcome",
        source: str = "shop.orders",
        recipients: tuple[str, ...] = (),
        tags: Mapping[str, str] | None = None,
        email_id: str = "",
        **detail: Any,
    ) -> str:
        """Send a message as the engine does; with statuses its record is written, too. Return SES's message id."""
        self.count += 1
        email_id = email_id or f"order-{1000 + self.count}"
        raw = message if isinstance(message, bytes) else message.as_bytes()
        all_tags = encode_tags(email_id, 1, template, source) if tags is None else tags
        answer = self.ses.send_raw_email(
            Source="shop@example.com",
            Destinations=recipients or (ADA,),
            RawMessage={"Data": raw},
            Tags=[{"Name": name, "Value": value} for name, value in all_tags.items()],
        )
        if statuses:
            self.record(email_id, *statuses, template=template, source=source, **detail)
        return str(answer["MessageId"])

    def record(self, email_id: str, *statuses: Status, template: str, source: str, **detail: Any) -> None:
        """Write the record of an email that had these statuses."""
        moments = [datetime.now(UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{n:03d}Z") for n in range(len(statuses) + 1)]
        record = TrackingRecord(
            email_id=email_id,
            status=Status.SENDING,
            attempt=1,
            timestamp=moments[0],
            date_partition=moments[0][:10],
            ttl=int(time.time()) + 86_400,
            to_email=ADA,
            template_name=template,
            original_source=source,
        )
        entries = [
            Entry(
                key=f"{status}/1",
                at=at,
                status=status,
                what="hard" if status is Status.BOUNCED else None,
                detail={"sesMessageId": "01000190-1", **detail},
            )
            for status, at in zip(statuses, moments[1:], strict=True)
        ]
        folded, _ = fold(record, entries)
        self.table.create(folded)

    def forget(self) -> None:
        """Forget all mail."""
        self.emulator.request("POST", "_sesmail/reset")
        assert mails(self.emulator) == []
