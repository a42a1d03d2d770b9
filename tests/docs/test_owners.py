"""Each feature of the contract has one page that documents it: variables, commands, events and features by section.

Error codes: test_error_codes.py. Metrics, alarms and log lines: test_metrics_page.py. The doctor's checks:
test_production_page.py.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from typer.main import get_command

from sesmail_cli.main import app
from tests.docs.pages import DOCS, ROOT, anchors, prose, rows
from tools.site.navigation import sections

# By section of the contract: what the engine does, and the heading that documents it.
FEATURES: dict[str, dict[str, str]] = {
    "1 The flow": {"way of a request": "docs/architecture.md#the-flow"},
    "2 Names": {
        "tables and indexes": "docs/architecture.md#tables",
        "queues and lanes": "docs/architecture.md#queues",
        "two regions with one name": "docs/companies.md#two-regions-of-one-account",
        "write units an email": "docs/performance.md#what-is-counted",
    },
    "3 Email Request": {
        "fields": "docs/integration.md#the-request",
        "addresses": "docs/integration.md#addresses",
        "unknown fields": "docs/integration.md#unknown-fields",
        "size": "docs/integration.md#size",
        "attachments": "docs/attachments.md#the-fields-of-an-attachment",
        "sendAt": "docs/schedule-and-cancel.md#send-an-email-later",
        "expiresAt": "docs/schedule-and-cancel.md#let-an-email-expire",
        "locale": "docs/templates.md#translate-a-template",
        "priority": "docs/send-to-a-list.md#bulk-priority",
        "listUnsubscribe": "docs/unsubscribe.md#send-with-an-unsubscribe-link",
        "topic": "docs/unsubscribe.md#topics",
    },
    "4 Email Status Changed": {
        "fields": "docs/integration.md#status-events",
        "errorType": "docs/integration.md#why-an-email-failed",
        "other events": "docs/integration.md#all-events-on-the-bus",
        "subscribing": "docs/status-events.md#subscribe-with-terraform",
    },
    "5 Statuses": {
        "order": "docs/architecture.md#statuses",
        "meaning": "docs/integration.md#the-statuses",
        "tracking record": "docs/integration.md#look-an-email-up",
        "suppression record": "docs/bounce-rate-protection.md#the-suppression-list",
    },
    "6 Guarantees": {
        "promises": "docs/architecture.md#guarantees-and-their-limits",
        "crashes": "docs/architecture.md#crashes",
        "claim and watermark": "docs/architecture.md#the-claim",
        "emailId": "docs/integration.md#idempotency",
        "untrusted input": "docs/security.md#untrusted-input",
        "logs without personal data": "docs/security.md#logs",
        "keys": "docs/security.md#keys",
    },
    "7 Guarding the reputation": {
        "pacing and daily quota": "docs/architecture.md#rate-lanes-quota",
        "producers": "docs/security.md#policies-what-a-source-may-ask-for",
        "breaker": "docs/bounce-rate-protection.md#the-breaker",
        "pause and resume": "docs/bounce-rate-protection.md#pause-and-resume",
    },
    "8 Bounces": {
        "classes": "docs/bounce-rate-protection.md#what-a-bounce-means",
        "complaints": "docs/bounce-rate-protection.md#complaints",
        "soft bounces": "docs/bounce-rate-protection.md#soft-bounces",
        "the kept request": "docs/security.md#the-one-exception",
    },
    "9 Templates": {
        "metadata.json": "docs/templates.md#metadatajson",
        "language": "docs/templates.md#jinja2-in-a-template",
        "brand": "docs/templates.md#your-brand",
        "starters": "docs/templates.md#the-starters",
        "seeder": "docs/templates.md#starters-and-versions",
        "layouts": "docs/templates.md#layouts-of-your-own",
        "push, pull, rollback": "docs/templates.md#install-and-roll-back-templates",
        "lint": "docs/templates.md#lint-templates-in-ci",
    },
    "10 Terraform": {
        "deploying": "docs/setup.md#deploy",
        "retained data": "docs/setup.md#remove-it-keep-the-data",
        "adopting it again": "docs/setup.md#adopt-it-again",
        "alarms": "docs/metrics.md#alarms",
        "encryption": "docs/security.md#encryption",
        "IAM": "docs/security.md#what-the-functions-may-do",
        "customer keys": "docs/companies.md#your-own-keys",
        "deployer": "docs/companies.md#the-deployers-policy",
    },
    "11 Error messages": {"codes": "docs/error-codes.md"},
    "12 Contradictions": {"differences from the CloudFormation product": "docs/migration.md#what-differs"},
    "13 What the engine does for people": {
        "cancel": "docs/schedule-and-cancel.md#cancel-a-scheduled-email",
        "find": "docs/cli.md#find",
        "unsubscribe": "docs/unsubscribe.md",
        "delivery modes": "docs/setup.md#staging-no-mail-to-customers",
        "webhooks": "docs/status-events.md#receive-statuses-by-webhook",
        "figures": "docs/cli.md#report",
        "other accounts": "docs/companies.md#other-accounts",
        "doctor": "docs/production.md",
        "console": "docs/console.md",
        "dashboard": "docs/dashboard.md",
        "inbox": "docs/test-your-code.md#see-the-mail",
        "sending to a file": "docs/send-to-a-list.md#send-to-a-file-of-recipients",
        "agents": "docs/ai-agents.md",
        "suppressions": "docs/cli.md#suppression-remove",
        "dead letters": "docs/cli.md#redrive",
        "erasure": "docs/security.md#erasure",
        "leaks": "docs/incident-response.md",
        "migration": "docs/migration.md",
    },
}
OWNED = [(f"{section}: {name}", owner) for section, names in FEATURES.items() for name, owner in names.items()]
MODULES = ("modules/sesmail", "modules/producer", "modules/domain")
_VARIABLE = re.compile(r'^variable "([^"]+)"', re.MULTILINE)
_OUTPUT = re.compile(r'^output "([^"]+)"', re.MULTILINE)
_EVENT = re.compile(r'"(Email [A-Z][a-z]+(?: [A-Z][a-z]+)*)"')


@pytest.mark.parametrize(("feature", "owner"), OWNED, ids=[feature for feature, _ in OWNED])
def test_a_feature_has_its_page_and_heading(feature: str, owner: str) -> None:
    path, _, anchor = owner.partition("#")
    page = ROOT / path
    assert page.is_file(), f"{feature}: {path} does not exist"
    assert not anchor or anchor in anchors(page), f"{feature}: {path} has no heading #{anchor}"


def test_no_heading_owns_two_features() -> None:
    assert [owner for owner, times in Counter(owner for _, owner in OWNED).items() if times > 1] == []


def test_every_owner_is_in_the_index() -> None:
    index = {entry.path for section in sections((DOCS / "README.md").read_text()) for entry in section.entries}
    assert {owner.partition("#")[0] for _, owner in OWNED} <= index


@pytest.mark.parametrize("module", MODULES)
def test_every_variable_and_output_of_a_module_is_on_its_page(module: str) -> None:
    page = ROOT / module / "README.md"
    listed = {match[1] for cells in rows(page) if (match := re.match(r"`([a-z0-9_]+)`", cells[0]))}
    declared = {
        name
        for path in sorted((ROOT / module).glob("*.tf"))
        for pattern in (_VARIABLE, _OUTPUT)
        for name in pattern.findall(path.read_text())
    }
    assert declared
    assert declared - listed == set()


def commands() -> list[str]:
    """Return every command of `sesmail` with its group."""
    found: list[str] = []
    ahead = [("", get_command(app))]
    while ahead:
        name, command = ahead.pop()
        inner = getattr(command, "commands", None)
        if inner is None:
            found.append(name.strip())
        else:
            ahead += [(f"{name} {each}", child) for each, child in inner.items() if not child.hidden]
    return sorted(found)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_table_of_the_command_page(command: str) -> None:
    listed = [cells[0] for cells in rows(DOCS / "cli.md")]
    assert any(re.search(rf"sesmail {re.escape(command)}\b", cell) for cell in listed)


def events() -> set[str]:
    """Return every detail-type in code and Terraform."""
    sources = [*(ROOT / "python").rglob("*.py"), *(ROOT / "modules").rglob("*.tf")]
    return {event for path in sources for event in _EVENT.findall(path.read_text())}


def test_every_event_is_in_the_table_of_events() -> None:
    found = events()
    assert {"Email Request", "Email Status Changed", "Email Unsubscribed"} <= found
    text = prose(DOCS / "integration.md")
    table = text.partition("## All events on the bus")[2].partition("\n## ")[0]
    assert {event for event in found if f"`{event}`" not in table} == set()
