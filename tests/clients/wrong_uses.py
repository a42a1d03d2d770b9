"""What a type checker must reject. An ignored error that mypy does not find is an error of its own (`--strict`)."""

from __future__ import annotations

from sesmail_client import EmailFailed, SESMailClient, parse_status
from sesmail_client.testing import FakeSESMailClient

emails: SESMailClient = FakeSESMailClient("shop.orders")

# a wrong field
emails.send(to="john@example.com", template_name="welcome", template="welcome")  # type: ignore[call-arg]
emails.send(to="john@example.com", templateName="welcome")  # type: ignore[call-arg]
emails.send(template_name="welcome")  # type: ignore[call-arg]
emails.send(
    to="john@example.com",
    template_name="welcome",
    sender_override={"mail": "shop@example.com"},  # type: ignore[arg-type]
)
emails.send_many([{"to": "john@example.com", "template": "welcome"}])  # type: ignore[typeddict-item]

# a wrong type
emails.send(to=["john@example.com"], template_name="welcome")  # type: ignore[arg-type]
emails.send(to="john@example.com", template_name="welcome", cc="jane@example.com")  # type: ignore[arg-type]
emails.send(to="john@example.com", template_name="welcome", priority="urgent")  # type: ignore[arg-type]
emails.send(to="john@example.com", template_name="welcome", send_at=1795516260)  # type: ignore[arg-type]
emails.cancel(email_id=4711)  # type: ignore[arg-type]
emails.request_unsubscribe(email=["ada@example.com"])  # type: ignore[arg-type]
emails.request_unsubscribe(address="ada@example.com")  # type: ignore[call-arg]

# a wrong status, and a field that this status does not have
event = parse_status({})
if event.status == "exploded":  # type: ignore[comparison-overlap]
    pass
if event.status == "bounced":
    print(event.bounce_class, event.error_type)  # type: ignore[attr-defined]
print(event.error_message)  # type: ignore[union-attr]
failed: EmailFailed = event  # type: ignore[assignment]
