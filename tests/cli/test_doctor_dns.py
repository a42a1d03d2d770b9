"""SPF, DMARC and resource policies as receivers and AWS evaluate them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesmail_cli.doctor.dmarc import examine_dmarc
from sesmail_cli.doctor.policies import allows
from sesmail_cli.doctor.resolver import Dns, NameserverError
from sesmail_cli.doctor.spf import SpfReport, examine_spf


class Table(Dns):
    """TXT records by name."""

    def __init__(self, **texts: list[str]) -> None:
        self._texts = {name.replace("__", "."): found for name, found in texts.items()}

    def texts(self, name: str) -> list[str]:
        return self._texts.get(name, [])


def spf(*records: str, **others: list[str]) -> SpfReport:
    return examine_spf("mail.example.com", Table(**{"mail__example__com": list(records)}, **others))


# --- SPF ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 include:amazonses.com ~all",
        "v=spf1 include:AmazonSES.com. -all",
        "V=SPF1 +include:amazonses.com ?all",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a/24//64 mx:example.com/24 include:amazonses.com -all",
        "v=spf1 include:amazonses.com redirect=ignored.example exp=why.example -all",
        "v=spf1 x-modifier=1 include:amazonses.com -all",
    ],
)
def test_a_record_that_lets_ses_send_has_no_problem(record: str) -> None:
    report = spf(record, "some-verification=1")
    assert (report.problems, report.allows_ses, report.allows_everyone) == ([], True, False)


def test_ses_may_be_allowed_by_a_record_that_is_included_or_redirected_to() -> None:
    ours = ["v=spf1 include:amazonses.com -all"]
    assert spf("v=spf1 include:spf.example.com -all", spf__example__com=ours).allows_ses
    assert spf("v=spf1 redirect=spf.example.com", spf__example__com=ours).allows_ses


@pytest.mark.parametrize(
    "record",
    ["v=spf1 mx -all", "v=spf1 -all include:amazonses.com", "v=spf1 -include:amazonses.com -all", "v=spf1 ~all"],
)
def test_a_record_that_does_not_let_ses_send_says_so(record: str) -> None:
    assert not spf(record).allows_ses


def test_everyone_is_let_in_by_plus_all_only() -> None:
    assert spf("v=spf1 include:amazonses.com +all").allows_everyone
    assert spf("v=spf1 include:amazonses.com all").allows_everyone
    deep = {"spf__example__com": ["v=spf1 +all"]}
    assert not spf("v=spf1 -include:spf.example.com include:amazonses.com -all", **deep).allows_everyone


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        (["v=spf1 -all", "v=spf1 ~all"], "has 2 SPF records"),
        (["v=spf1 include:amazonses.com include:gone.example -all"], "gone.example has no SPF record"),
        (["v=spf1 include:amazonses.com includ:x.example -all"], "'includ:x.example' is no SPF term"),
        (["v=spf1 include:amazonses.com, -all"], "amazonses.com, has no SPF record"),
        (["v=spf1 include:mail.example.com -all"], "mail.example.com includes itself"),
        (["v=spf1 include:amazonses.com " + "a " * 10 + "-all"], "11 DNS look-ups"),
    ],
)
def test_what_makes_a_record_void_is_a_problem(records: list[str], problem: str) -> None:
    assert problem in "; ".join(spf(*records).problems)


def test_ten_look_ups_are_enough() -> None:
    report = spf("v=spf1 include:amazonses.com " + "a " * 9 + "-all")
    assert (report.lookups, report.problems) == (10, [])


def test_no_record_is_no_report() -> None:
    assert spf("spf1 include:amazonses.com", "v=spf10 -all") == SpfReport()


# --- DMARC ----------------------------------------------------------------------------------------------------------


def dmarc(*records: str, domain: str = "example.com", **others: list[str]) -> Any:
    return examine_dmarc(domain, Table(**{"_dmarc__example__com": list(records)}, **others))


@pytest.mark.parametrize(
    "record",
    [
        "v=DMARC1; p=none",
        "v=DMARC1;p=reject;sp=none;adkim=s;aspf=r;pct=50;",
        "v=DMARC1; P=Quarantine; rua=mailto:a@example.com,mailto:b@reports.example.com!10m; fo=1",
    ],
)
def test_a_valid_record_has_no_problem(record: str) -> None:
    assert dmarc(record).problems == []


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ("v=DMARC1; rua=mailto:a@example.com", "policy p is missing"),
        ("v=DMARC1; p=on", "policy p is 'on'"),
        ("v=dmarc1; p=none", "does not begin with v=DMARC1"),
        ("v=DMARC1; p=none; aspf=strict", "aspf=strict must be r or s"),
        ("v=DMARC1; p=none; sp=off", "sp=off must be none or quarantine or reject"),
        ("v=DMARC1; p=none; p=reject", "has p more than once"),
        ("v=DMARC1; p=none; reject", "'reject' has no value"),
        ("v=DMARC1; p=none; rua=a@example.com", "rua has 'a@example.com'"),
        ("v=DMARC1; p=none; rua=mailto:a@other.example", "other.example does not accept its reports"),
    ],
)
def test_an_invalid_record_is_named(record: str, problem: str) -> None:
    assert problem in "; ".join(dmarc(record).problems)


def test_reports_may_go_to_a_domain_that_agrees() -> None:
    agreed = {"example__com___report___dmarc__other__example": ["v=DMARC1"]}
    table = Table(**{"_dmarc__example__com": ["v=DMARC1; p=none; rua=mailto:a@other.example"]}, **agreed)
    table._texts["example.com._report._dmarc.other.example"] = ["v=DMARC1;"]
    assert examine_dmarc("example.com", table).problems == []


def test_two_records_are_none() -> None:
    assert "has 2 DMARC records" in dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject").problems[0]


def test_a_subdomain_has_the_record_of_the_domain_above_it_and_none_has_that_of_its_top_level() -> None:
    assert dmarc("v=DMARC1; p=none", domain="a.news.example.com").name == "_dmarc.example.com"
    assert dmarc("some text").name == ""
    assert examine_dmarc("example.com", Table(_dmarc__com=["v=DMARC1; p=none"])).name == ""


# --- policies -------------------------------------------------------------------------------------------------------

TOPIC = "arn:aws:sns:eu-west-1:123456789012:x"
SOURCE = "arn:aws:ses:eu-west-1:123456789012:configuration-set/x"


def verdict(*statements: dict[str, Any]) -> bool | None:
    return allows(
        json.dumps({"Statement": list(statements)}),
        service="ses.amazonaws.com",
        action="sns:Publish",
        resource=TOPIC,
        context={"aws:sourcearn": SOURCE, "aws:sourceaccount": "123456789012"},
    )


def statement(**changes: Any) -> dict[str, Any]:
    base = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    return base | changes


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"Service": ["events.amazonaws.com", "ses.amazonaws.com"]}},
        {"Action": ["sns:Get*", "SNS:pub*"], "Resource": "*"},
        {
            "Condition": {
                "StringEquals": {"AWS:SourceAccount": ["123456789012"]},
                "ArnLike": {"aws:SourceArn": "arn:aws:ses:*"},
            }
        },
        {"Condition": {"StringNotEquals": {"aws:SourceAccount": "999999999999"}}},
    ],
)
def test_a_service_is_let_in(changes: dict[str, Any]) -> None:
    assert verdict(statement(**changes)) is True


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "events.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Action": "sns:Subscribe"},
        {"Resource": "arn:aws:sns:eu-west-1:123456789012:y"},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:ses:eu-west-1:123456789012:configuration-set/y"}}},
        {"Effect": "Deny"},
    ],
)
def test_a_service_is_kept_out(changes: dict[str, Any]) -> None:
    assert verdict(statement(**changes)) is False


def test_a_deny_wins_and_a_condition_that_is_not_known_settles_nothing() -> None:
    assert verdict(statement(), statement(Effect="Deny")) is False
    unknown = {"Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}}
    assert verdict(statement(**unknown)) is None
    assert verdict(statement(**unknown), statement()) is True
    assert verdict(statement(), statement(Effect="Deny", **unknown)) is None
    assert verdict() is False
    assert allows("no JSON", service="a", action="b", resource="c", context={}) is False


# --- the name server ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["127.0.0.1", "127.0.0.1:5353", "[::1]:5353", "::1", "localhost:53"])
def test_a_name_server_is_an_address_with_or_without_a_port(given: str) -> None:
    assert Dns(given).is_given


@pytest.mark.parametrize("given", ["127.0.0.1:dns", "127.0.0.1:99999", "no such host"])
def test_what_is_no_name_server_is_named(given: str) -> None:
    with pytest.raises(NameserverError, match="is no name server"):
        Dns(given)
