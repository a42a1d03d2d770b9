"""modules/domain on the emulator: records in Route 53, a verified identity, an empty second plan, a clean destroy."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from localcloud.clients import client
from localcloud.emulator import Emulator, start_ministack
from localcloud.paths import BUILD, REPOSITORY
from localcloud.provider import terraform_init_args
from localcloud.terraform import OVERRIDE, Terraform, TerraformError
from tests.e2e.harness.plan_defects import unexpected_changes

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# Its DKIM keys are in a hosted zone of their own.
REGION = "eu-south-1"
# A company's root: the zone, a domain with an existing identity, and a subdomain with records that the root creates.
ROOT = """
provider "aws" {
  region = "eu-south-1"
}

variable "tracking_domain" {
  type = string
}

resource "aws_route53_zone" "company" {
  name = "example.com"
}

import {
  to = module.company.aws_sesv2_email_identity.this
  id = "example.com"
}

module "company" {
  source = "../modules/domain"

  domain             = "example.com"
  route53_zone_id    = aws_route53_zone.company.zone_id
  create_records     = true
  dmarc              = { policy = "quarantine", rua = "dmarc@example.com, mailto:reports@example.com" }
  tracking_subdomain = "click"
}

module "news" {
  source   = "../modules/domain"
  for_each = toset(["news.example.com"])

  domain = each.key
}

resource "aws_route53_record" "news" {
  for_each = { for index, record in module.news["news.example.com"].dns_records : index => record }

  zone_id = aws_route53_zone.company.zone_id
  name    = each.value.name
  type    = each.value.type
  ttl     = each.value.ttl
  records = [each.value.value]
}

module "ses_events" {
  source = "../modules/ses_events"

  name                     = "mail"
  account                  = { partition = "aws", region = "eu-south-1", id = "000000000000" }
  create_configuration_set = true
  configuration_set_name   = null
  tls_policy               = "REQUIRE"
  open_tracking            = true
  click_tracking           = false
  tracking_domain          = var.tracking_domain
  tracking_https           = false
  kms_key_arn              = null
  feedback_queue_arn       = aws_sqs_queue.feedback.arn
  dead_letter_queue_arn    = aws_sqs_queue.feedback.arn
}

resource "aws_sqs_queue" "feedback" {
  name = "mail-FeedbackQueue"
}

output "company" {
  value = module.company
}

output "news" {
  value = module.news["news.example.com"]
}
"""


class DomainRoot(Terraform):
    """That root, in a folder with a copy of the modules."""

    def prepare(self) -> None:
        shutil.copytree(REPOSITORY / "modules", self.folder / "modules", ignore=shutil.ignore_patterns("tests"))
        self.root.mkdir()
        (self.root / "main.tf").write_text(ROOT)
        (self.root / "emulator_override.tf").write_text(OVERRIDE)
        self.set_tracking_domain(None)
        self._run("init", "-input=false", "-no-color", *terraform_init_args())

    def set_tracking_domain(self, domain: str | None) -> None:
        (self.root / "emulator.auto.tfvars.json").write_text(json.dumps({"tracking_domain": domain}))


@dataclass
class Applied:
    """The applied root and what it made."""

    emulator: Emulator
    terraform: DomainRoot
    tokens_before: list[str]

    @property
    def ses(self) -> SESV2Client:
        return cast("SESV2Client", client(self.emulator, "sesv2", region=REGION))

    @property
    def dns(self) -> Any:
        return client(self.emulator, "route53")

    def records(self) -> set[tuple[str, str, int, str]]:
        """The zone's records but for its own SOA and NS, as dns_records writes them."""
        [zone] = self.dns.list_hosted_zones()["HostedZones"]
        found = self.dns.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        return {
            (each["Name"].rstrip("."), each["Type"], each["TTL"], value["Value"].strip('"'))
            for each in found
            if each["Type"] not in ("SOA", "NS")
            for value in each["ResourceRecords"]
        }


@pytest.fixture(scope="module")
def applied() -> Iterator[Applied]:
    emulator = start_ministack()
    folder = BUILD / f"e2e/domain-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = client(emulator, "sesv2", region=REGION).create_email_identity(EmailIdentity="example.com")
    terraform = DomainRoot(folder, emulator.environment, "ministack", {})
    try:
        terraform.prepare()
        terraform.apply()
        yield Applied(emulator, terraform, made["DkimAttributes"]["Tokens"])
    finally:
        emulator.stop()
        shutil.rmtree(folder, ignore_errors=True)


def output(applied: Applied, domain: str) -> dict[str, Any]:
    found: dict[str, Any] = applied.terraform.outputs()[domain]
    return found


def test_the_zone_holds_the_records_of_both_domains_as_the_outputs_say(applied: Applied) -> None:
    company, news = output(applied, "company"), output(applied, "news")
    assert (len(company["dns_records"]), len(news["dns_records"])) == (7, 6)
    expected = {
        tuple(record[key] for key in ("name", "type", "ttl", "value"))
        for record in company["dns_records"] + news["dns_records"]
    }
    assert applied.records() == expected
    dmarc = "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com,mailto:reports@example.com"
    assert ("_dmarc.example.com", "TXT", 600, dmarc) in expected
    assert ("click.example.com", "CNAME", 600, "r.eu-south-1.awstrack.me") in expected


@pytest.mark.parametrize(("domain", "module"), [("example.com", "company"), ("news.example.com", "news")])
def test_ses_finds_the_records_and_verifies_the_domain(applied: Applied, domain: str, module: str) -> None:
    identity = applied.ses.get_email_identity(EmailIdentity=domain)
    assert identity["VerifiedForSendingStatus"]
    dkim, mail_from = identity["DkimAttributes"], identity["MailFromAttributes"]
    assert (dkim["Status"], dkim["NextSigningKeyLength"]) == ("SUCCESS", "RSA_2048_BIT")
    assert dkim["SigningHostedZone"] == output(applied, module)["dkim_hosted_zone"] == "dkim.eu-south-1.amazonses.com"
    assert (mail_from["MailFromDomain"], mail_from["MailFromDomainStatus"]) == (f"mail.{domain}", "SUCCESS")
    assert mail_from["BehaviorOnMxFailure"] == "USE_DEFAULT_VALUE"


def test_an_imported_identity_keeps_its_keys(applied: Applied) -> None:
    assert (
        applied.ses.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]["Tokens"] == applied.tokens_before
    )


def test_a_second_plan_is_empty(applied: Applied) -> None:
    assert unexpected_changes(applied.terraform) == []


def test_a_tracking_domain_is_set_once_ses_has_verified_it(applied: Applied) -> None:
    applied.terraform.set_tracking_domain("click.example.org")
    with pytest.raises(TerraformError, match="not verified"):
        applied.terraform.apply()
    applied.terraform.set_tracking_domain(output(applied, "company")["tracking_domain"])
    applied.terraform.apply()
    found = applied.ses.get_configuration_set(ConfigurationSetName="mail-ConfigSet")["TrackingOptions"]
    assert found == {"CustomRedirectDomain": "click.example.com", "HttpsPolicy": "OPTIONAL"}
    assert unexpected_changes(applied.terraform) == []


@pytest.mark.last
def test_destroy_leaves_nothing(applied: Applied) -> None:
    applied.terraform.destroy()
    assert applied.terraform.resources() == []
    assert applied.ses.list_email_identities()["EmailIdentities"] == []
    assert applied.dns.list_hosted_zones()["HostedZones"] == []
