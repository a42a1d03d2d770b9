"""SES v2's identities as AWS keeps them: DKIM, MAIL FROM, and a domain that is verified by the emulated Route 53.

MiniStack verifies every identity at once, knows no MAIL FROM and no hosted zone. Here SES looks for its records in DNS.
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutEmailIdentityMailFromAttributes.html
https://docs.aws.amazon.com/general/latest/gr/ses.html ("DKIM domains")
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.ses.limits import ErrorResponse

PATH = re.compile(r"/v2/email/identities(?:/(?P<name>[^/]+)(?P<part>/mail-from)?)?/?")
TRACKING_PATH = re.compile(r"/v2/email/configuration-sets(?:/[^/]+/tracking-options)?/?")
# Regions with a hosted zone of their own for DKIM keys.
OWN_HOSTED_ZONE = {
    *("af-south-1", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-5", "ca-west-1", "eu-central-2"),
    *("eu-south-1", "il-central-1", "me-central-1", "us-gov-east-1"),
}
KEY_LENGTHS = ("RSA_1024_BIT", "RSA_2048_BIT")
MX_FAILURES = ("USE_DEFAULT_VALUE", "REJECT_MESSAGE")
# (name, type, value) of each record that DNS answers with, without trailing dots.
Records = Iterable[tuple[str, str, str]]


def hosted_zone(region: str) -> str:
    """Return the zone in which SES publishes a region's DKIM keys."""
    return f"dkim.{region}.amazonses.com" if region in OWN_HOSTED_ZONE else "dkim.amazonses.com"


# --- rejections ----------------------------------------------------------------------------------------------------


def creation_error(identities: Mapping[str, Any], given: Mapping[str, Any]) -> ErrorResponse | None:
    """Return SES's error for CreateEmailIdentity, or None."""
    name = given.get("EmailIdentity", "")
    if name in identities:
        return ErrorResponse("AlreadyExistsException", f"Email identity {name} already exist.")
    length = (given.get("DkimSigningAttributes") or {}).get("NextSigningKeyLength")
    if length is not None and length not in KEY_LENGTHS:
        return ErrorResponse("BadRequestException", f"NextSigningKeyLength must be one of {', '.join(KEY_LENGTHS)}.")
    return None


def missing(name: str) -> ErrorResponse:
    """Return SES's error for an identity that it does not have."""
    return ErrorResponse("NotFoundException", f"Email identity {name} does not exist.", 404)


def mail_from_error(identities: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> ErrorResponse | None:
    """Return SES's error for PutEmailIdentityMailFromAttributes, or None."""
    if name not in identities:
        return missing(name)
    domain, behaviour = given.get("MailFromDomain") or "", given.get("BehaviorOnMxFailure")
    if domain and not domain.endswith("." + name.rpartition("@")[2]):
        text = f"Provided MAIL-FROM domain <{domain}> is not subdomain of the domain of the identity <{name}>."
        return ErrorResponse("BadRequestException", text)
    if behaviour is not None and behaviour not in MX_FAILURES:
        return ErrorResponse("BadRequestException", f"BehaviorOnMxFailure must be one of {', '.join(MX_FAILURES)}.")
    return None


def tracking_error(verified: Iterable[str], given: Mapping[str, Any]) -> ErrorResponse | None:
    """Return SES's error for a redirect domain that is not below a verified domain, or None."""
    domain = (given.get("TrackingOptions") or given).get("CustomRedirectDomain")
    if not domain or any(domain == name or domain.endswith(f".{name}") for name in verified):
        return None
    return ErrorResponse("BadRequestException", f"The custom redirect domain <{domain}> is not verified.")


# --- state ---------------------------------------------------------------------------------------------------------


def complete(identity: dict[str, Any], given: Mapping[str, Any], region: str) -> None:
    """Add to a new identity what MiniStack leaves out."""
    identity["FeedbackForwardingStatus"] = True
    put_mail_from(identity, {})
    dkim = identity["DkimAttributes"]
    if not dkim.get("Tokens"):
        return
    length = (given.get("DkimSigningAttributes") or {}).get("NextSigningKeyLength") or "RSA_2048_BIT"
    dkim |= {
        "SigningEnabled": True,
        "SigningHostedZone": hosted_zone(region),
        "NextSigningKeyLength": length,
        "CurrentSigningKeyLength": length,
    }


def verified_through_v1(name: str, region: str) -> dict[str, Any]:
    """Return what SES v2 shows of an identity that was verified through v1: without DKIM until it is asked for."""
    identity: dict[str, Any] = {
        "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
        "FeedbackForwardingStatus": True,
        "VerifiedForSendingStatus": True,
        "VerificationStatus": "SUCCESS",
        "DkimAttributes": {
            "SigningEnabled": False,
            "Status": "NOT_STARTED",
            "SigningAttributesOrigin": "AWS_SES",
            "SigningHostedZone": hosted_zone(region),
        },
    }
    put_mail_from(identity, {})
    return identity


def put_mail_from(identity: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Set the MAIL FROM domain, or remove it: SES removes it where none is given."""
    domain = given.get("MailFromDomain")
    behaviour = (domain and given.get("BehaviorOnMxFailure")) or "USE_DEFAULT_VALUE"
    identity["MailFromAttributes"] = {"BehaviorOnMxFailure": behaviour} | ({"MailFromDomain": domain} if domain else {})


def look_up(identity: dict[str, Any], records: Records, region: str) -> None:
    """Bring an identity's statuses up to date with DNS."""
    found = {(name.lower(), kind, value.lower()) for name, kind, value in records}
    dkim, mail_from = identity["DkimAttributes"], identity["MailFromAttributes"]
    if zone := dkim.get("SigningHostedZone"):
        domain = identity["EmailIdentity"].lower()
        wanted = {(f"{token}._domainkey.{domain}", "CNAME", f"{token}.{zone}") for token in dkim["Tokens"]}
        dkim["Status"] = "SUCCESS" if wanted <= found else "PENDING"
        identity["VerifiedForSendingStatus"] = wanted <= found
    identity["VerificationStatus"] = "SUCCESS" if identity["VerifiedForSendingStatus"] else "PENDING"
    if domain := mail_from.get("MailFromDomain"):
        mx = (domain.lower(), "MX", f"10 feedback-smtp.{region}.amazonses.com")
        mail_from["MailFromDomainStatus"] = "SUCCESS" if mx in found else "PENDING"
