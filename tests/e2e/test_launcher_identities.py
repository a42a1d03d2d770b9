"""The emulated SES's identities: verified by the records in the emulated Route 53, MAIL FROM, tracking domains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.emulator import Emulator, start_ministack

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

DOMAIN = "example.com"
ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator without the engine."""
    started = start_ministack()
    yield started
    started.stop()


@pytest.fixture
def ses(emulator: Emulator) -> Iterator[SESV2Client]:
    made = cast("SESV2Client", client(emulator, "sesv2", ONCE))
    made.create_email_identity(EmailIdentity=DOMAIN)
    yield made
    made.delete_email_identity(EmailIdentity=DOMAIN)


@pytest.fixture
def zone(emulator: Emulator) -> Iterator[str]:
    """An empty zone of the domain."""
    dns = client(emulator, "route53")
    zone = dns.create_hosted_zone(Name=DOMAIN, CallerReference="identities")["HostedZone"]["Id"]
    yield zone
    found = dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    own = [{"Action": "DELETE", "ResourceRecordSet": each} for each in found if each["Type"] not in ("SOA", "NS")]
    if own:
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": own})
    dns.delete_hosted_zone(Id=zone)


def add(emulator: Emulator, zone: str, name: str, kind: str, value: str) -> None:
    record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    changes: Any = [{"Action": "CREATE", "ResourceRecordSet": record}]
    client(emulator, "route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def add_dkim(emulator: Emulator, ses: SESV2Client, zone: str, hosted_zone: str = "dkim.amazonses.com") -> None:
    for token in ses.get_email_identity(EmailIdentity=DOMAIN)["DkimAttributes"]["Tokens"]:
        add(emulator, zone, f"{token}._domainkey.{DOMAIN}", "CNAME", f"{token}.{hosted_zone}")


def test_a_domain_is_verified_once_dns_holds_its_three_records(emulator: Emulator, ses: SESV2Client, zone: str) -> None:
    before = ses.get_email_identity(EmailIdentity=DOMAIN)
    assert (before["VerifiedForSendingStatus"], before["DkimAttributes"]["Status"]) == (False, "PENDING")
    assert before["DkimAttributes"]["SigningHostedZone"] == "dkim.amazonses.com"
    assert before["DkimAttributes"]["NextSigningKeyLength"] == "RSA_2048_BIT"
    assert before["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    add_dkim(emulator, ses, zone)
    after = ses.get_email_identity(EmailIdentity=DOMAIN)
    assert (after["VerifiedForSendingStatus"], after["DkimAttributes"]["Status"]) == (True, "SUCCESS")


def test_records_that_point_to_another_zone_verify_nothing(emulator: Emulator, ses: SESV2Client, zone: str) -> None:
    add_dkim(emulator, ses, zone, "dkim.eu-south-1.amazonses.com")
    assert not ses.get_email_identity(EmailIdentity=DOMAIN)["VerifiedForSendingStatus"]


def test_a_domain_that_is_not_verified_sends_nothing(emulator: Emulator, ses: SESV2Client, zone: str) -> None:
    raw: Any = {"Raw": {"Data": b"From: shop@example.com\r\nTo: someone@example.org\r\n\r\nHi\r\n"}}
    to: Any = {"ToAddresses": ["someone@example.org"]}
    with pytest.raises(ClientError, match=r"MessageRejected.*not verified"):
        ses.send_email(FromEmailAddress="shop@example.com", Destination=to, Content=raw)
    add_dkim(emulator, ses, zone)
    assert ses.send_email(FromEmailAddress="shop@example.com", Destination=to, Content=raw)["MessageId"]


def test_mail_from_is_found_by_its_mx_record(emulator: Emulator, ses: SESV2Client, zone: str) -> None:
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity=DOMAIN, MailFromDomain="mail.example.com", BehaviorOnMxFailure="REJECT_MESSAGE"
    )
    expected = {"MailFromDomain": "mail.example.com", "BehaviorOnMxFailure": "REJECT_MESSAGE"}
    pending = ses.get_email_identity(EmailIdentity=DOMAIN)["MailFromAttributes"]
    assert pending == expected | {"MailFromDomainStatus": "PENDING"}
    add(emulator, zone, "mail.example.com", "MX", "10 feedback-smtp.us-east-1.amazonses.com")
    found = ses.get_email_identity(EmailIdentity=DOMAIN)["MailFromAttributes"]
    assert found == expected | {"MailFromDomainStatus": "SUCCESS"}
    ses.put_email_identity_mail_from_attributes(EmailIdentity=DOMAIN)
    assert "MailFromDomain" not in ses.get_email_identity(EmailIdentity=DOMAIN)["MailFromAttributes"]


@pytest.mark.parametrize("domain", ["example.com", "mail.example.org", "mailexample.com"])
def test_mail_from_must_be_a_subdomain_of_the_identity(ses: SESV2Client, domain: str) -> None:
    with pytest.raises(ClientError, match=r"BadRequestException.*not subdomain"):
        ses.put_email_identity_mail_from_attributes(EmailIdentity=DOMAIN, MailFromDomain=domain)


def test_an_identity_that_exists_is_not_created_again_and_an_unknown_one_is_not_found(ses: SESV2Client) -> None:
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        ses.create_email_identity(EmailIdentity=DOMAIN)
    for call in (
        ses.get_email_identity,
        ses.delete_email_identity,
        ses.put_email_identity_mail_from_attributes,
    ):
        with pytest.raises(ClientError, match=r"NotFoundException.*gone\.example"):
            call(EmailIdentity="gone.example")


def test_a_tracking_domain_must_be_below_a_verified_one(emulator: Emulator, ses: SESV2Client, zone: str) -> None:
    options: Any = {"CustomRedirectDomain": "click.example.com", "HttpsPolicy": "OPTIONAL"}
    with pytest.raises(ClientError, match=r"BadRequestException.*not verified"):
        ses.create_configuration_set(ConfigurationSetName="tracked", TrackingOptions=options)
    ses.create_configuration_set(ConfigurationSetName="tracked")
    with pytest.raises(ClientError, match=r"BadRequestException.*not verified"):
        ses.put_configuration_set_tracking_options(ConfigurationSetName="tracked", **options)
    add_dkim(emulator, ses, zone)
    ses.put_configuration_set_tracking_options(ConfigurationSetName="tracked", **options)
    assert ses.get_configuration_set(ConfigurationSetName="tracked")["TrackingOptions"] == options


def test_a_region_with_a_hosted_zone_of_its_own_says_so(emulator: Emulator) -> None:
    milan = cast("SESV2Client", client(emulator, "sesv2", region="eu-south-1"))
    made = milan.create_email_identity(EmailIdentity=DOMAIN)
    assert made["VerifiedForSendingStatus"] is False
    found = milan.get_email_identity(EmailIdentity=DOMAIN)["DkimAttributes"]
    assert found["SigningHostedZone"] == "dkim.eu-south-1.amazonses.com"
