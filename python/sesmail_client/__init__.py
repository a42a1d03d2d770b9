"""Send email through SESMail, and read what became of it.

from sesmail_client import SESMailClient

emails = SESMailClient("shop.orders")
emails.send(
    to="john@example.com",
    template_name="purchase-confirmation",
    template_data={"customerName": "John"},
    about="order-4711 confirmation",
)
"""

from sesmail_client.client import Email, SESMailClient, Unsubscription, id_about
from sesmail_client.errors import (
    InvalidEmailError,
    InvalidStatusEventError,
    NotAcceptedError,
    Refused,
    SESMailError,
)
from sesmail_client.request_types import Attachment, ListUnsubscribe, Priority, Sender
from sesmail_client.status_events import parse_status
from sesmail_client.status_types import (
    EmailBounced,
    EmailClicked,
    EmailComplained,
    EmailDeferred,
    EmailDelayed,
    EmailDelivered,
    EmailFailed,
    EmailOpened,
    EmailSent,
    EmailSoftBounced,
    Status,
    StatusEvent,
)

__all__ = [
    "Attachment",
    "Email",
    "EmailBounced",
    "EmailClicked",
    "EmailComplained",
    "EmailDeferred",
    "EmailDelayed",
    "EmailDelivered",
    "EmailFailed",
    "EmailOpened",
    "EmailSent",
    "EmailSoftBounced",
    "InvalidEmailError",
    "InvalidStatusEventError",
    "ListUnsubscribe",
    "NotAcceptedError",
    "Priority",
    "Refused",
    "SESMailClient",
    "SESMailError",
    "Sender",
    "Status",
    "StatusEvent",
    "Unsubscription",
    "id_about",
    "parse_status",
]
