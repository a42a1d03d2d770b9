"""The SES account as AWS keeps it: sandbox and review, sending, the settings of its suppression list.

MiniStack grants production access at once, and keeps no suppression settings.
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutAccountDetails.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.ses.limits import ErrorResponse

PATH = "/v2/email/account"
_REASONS = ("BOUNCE", "COMPLAINT")
_DETAILS = ("MailType", "WebsiteURL", "ContactLanguage", "UseCaseDescription", "AdditionalContactEmailAddresses")


@dataclass
class Account:
    """What GetAccount answers, without the quota; a review ends when the control API sets `production_access`."""

    production_access: bool = True
    sending_enabled: bool = True
    enforcement_status: str = "HEALTHY"
    review_status: str = ""
    suppressed_reasons: list[str] = field(default_factory=lambda: list(_REASONS))
    details: dict[str, Any] = field(default_factory=dict)


def view(account: Account, quota: Mapping[str, float]) -> dict[str, Any]:
    """Return GetAccount's answer."""
    answer = {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": account.enforcement_status,
        "ProductionAccessEnabled": account.production_access,
        "SendQuota": dict(quota),
        "SendingEnabled": account.sending_enabled,
        "SuppressionAttributes": {"SuppressedReasons": account.suppressed_reasons},
    }
    if account.details:
        review = {"ReviewDetails": {"Status": account.review_status, "CaseId": "case-1"}}
        answer["Details"] = account.details | (review if account.review_status else {})
    return answer


def put(account: Account, part: str, given: Mapping[str, Any]) -> ErrorResponse | None:
    """Apply PutAccountDetails, PutAccountSendingAttributes or PutAccountSuppressionAttributes."""
    match part:
        case "/details":
            return _put_details(account, given)
        case "/sending":
            account.sending_enabled = bool(given.get("SendingEnabled"))
        case "/suppression":
            reasons = list(given.get("SuppressedReasons") or [])
            if any(reason not in _REASONS for reason in reasons):
                return ErrorResponse("BadRequestException", f"SuppressedReasons must be of {', '.join(_REASONS)}.")
            account.suppressed_reasons = reasons
    return None


def _put_details(account: Account, given: Mapping[str, Any]) -> ErrorResponse | None:
    if given.get("MailType") not in ("MARKETING", "TRANSACTIONAL"):
        return ErrorResponse("BadRequestException", "MailType must be MARKETING or TRANSACTIONAL.")
    if not given.get("WebsiteURL"):
        return ErrorResponse("BadRequestException", "WebsiteURL is required.")
    if account.review_status == "PENDING":
        text = "There is already an ongoing account details update under review."
        return ErrorResponse("ConflictException", text, 409)
    account.details = {name: given[name] for name in _DETAILS if name in given}
    if given.get("ProductionAccessEnabled") and not account.production_access:
        account.review_status = "PENDING"
    elif given.get("ProductionAccessEnabled") is False:
        account.production_access, account.review_status = False, ""
    return None
