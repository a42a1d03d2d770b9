"""The tests' Terraform variables beyond the defaults: producers with policies, and short waits."""

from __future__ import annotations

from typing import Any

ATTACHMENTS_BUCKET = "e2e-attachments"

PRODUCERS: dict[str, Any] = {
    "files.app": {"attachment_prefixes": [f"s3://{ATTACHMENTS_BUCKET}/invoices/"]},
    "inventing.agent": {"first_contacts_per_hour": 5, "emails_per_day": 40},
    # The one producer with senders: the doctor's tests count what it finds of them.
    "support.agent": {"templates": ["welcome"], "senders": ["*@example.com"], "first_contacts_per_hour": 2},
    "careful.agent": {"first_contacts_per_hour": 100},
    "strict.team": {"templates": ["welcome"], "recipient_domains": ["example.com"]},
    "newsletter.team": {"priority": "bulk", "topics": {"weekly-digest": "Weekly digest", "events": "Events near you"}},
    "closed.team": {"enabled": False},
}

TEST_VARIABLES: dict[str, Any] = {
    "producers": PRODUCERS,
    "soft_bounce_retry_delay_seconds": 2,
    "breaker_cooldown_minutes": 0.4,
    "not_spam_lifts_suppression": True,
}

UNSUBSCRIBE_URL = "https://mail.example.com"
UNSUBSCRIBE: dict[str, Any] = {"unsubscribe_endpoint": True, "unsubscribe_base_url": UNSUBSCRIBE_URL}
"""Where the emulator has API Gateway."""

SETTLE_SECONDS = 5
"""Set after the apply: Terraform refuses a time that is shorter than what a killed batch needs to be received again."""
APPLIED_SETTLE_SECONDS = 300
"""What Terraform sets by default."""
