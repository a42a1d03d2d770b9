"""A domain's identity and records as the genuine provider plans them: with a Route 53 zone, and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.session import Session

from tests.terraform.runner import ROOT, Plan

MAIL_FROM = {("mail.example.com", "MX"), ("mail.example.com", "TXT"), ("_dmarc.example.com", "TXT")}


@pytest.fixture(scope="session")
def without_zone(plan: Callable[[str], Plan]) -> Plan:
    return plan("domain without a zone")


@pytest.fixture(scope="session")
def with_zone(plan: Callable[[str], Plan]) -> Plan:
    return plan("domain")


def test_without_a_zone_no_record_is_planned(without_zone: Plan) -> None:
    assert without_zone.one("aws_sesv2_email_identity").values["email_identity"] == "example.com"
    assert without_zone.all("aws_route53_record") == ()


def test_with_a_zone_the_records_have_addresses_that_are_known_before_dkims_tokens_are(with_zone: Plan) -> None:
    records = with_zone.all("aws_route53_record")
    keys = {record.address.partition("[")[2].strip('"]') for record in records}
    assert keys == {"dkim_1", "dkim_2", "dkim_3", "mail_from_mx", "mail_from_spf", "dmarc", "tracking"}
    named = {(record.values["name"], record.values["type"]) for record in records if "name" in record.values}
    assert named == MAIL_FROM | {("click.example.com", "CNAME")}


def test_the_tracking_domain_is_the_engine_s_redirect(with_zone: Plan, default: Plan) -> None:
    expected = {"custom_redirect_domain": "click.example.com", "https_policy": "OPTIONAL"}
    assert with_zone.one("aws_sesv2_configuration_set").values["tracking_options"] == [expected]
    assert default.one("aws_sesv2_configuration_set").values["tracking_options"] == []


def test_every_region_in_the_lists_of_hosted_zones_is_one_of_ses() -> None:
    """A region that is misspelt would be refused as unknown."""
    lists = (ROOT / "modules/domain/records.tf").read_text().partition("dkim_hosted_zones =")[0]
    listed = [part for part in lists.split('"') if part.count("-") >= 2 and " " not in part]
    session = Session()
    offered = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("sesv2", partition)
        + session.get_available_regions("ses", partition)
    }
    assert len(listed) == len(set(listed)) >= 29
    assert set(listed) <= offered
