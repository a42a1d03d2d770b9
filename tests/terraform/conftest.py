"""Starts every Terraform run of the session at once, as many side by side as there are processors.

A run takes seconds, most of them for the provider's start, so the tests only wait for what they look at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from tests.terraform.runner import ACCOUNT, PACKAGES, REGION, ROOT, Plan, Workspace

REQUIRED = {"admin_email": "ops@example.com", "default_sender_email": "no-reply@example.com"}
# What an organisation's rules may demand.
ORGANISATION: dict[str, object] = {
    "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "role_path": "/engines/",
    "attachment_kms_key_arns": [
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234",
        "arn:aws:kms:eu-north-1:210987654321:key/5",
    ],
    "producers": {"shop": {"attachment_prefixes": ["s3://example-invoices/"], "accounts": ["210987654321"]}},
    "regional_names": True,
    "data_kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data",
    "alarm_actions": [
        f"arn:aws:sns:{REGION}:{ACCOUNT}:chat",
        f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/mail",
    ],
    "tls_policy": "OPTIONAL",
    "breaker_mode": "alarm",
    "email_sender_reserved_concurrency": 20,
    "feedback_processor_reserved_concurrency": 5,
    "unsubscribe_endpoint": True,
    "unsubscribe_reserved_concurrency": 3,
}
# The root as its documentation shows it, and with every option that adds or changes a resource.
PLANS: dict[str, tuple[str, dict[str, object]]] = {
    "default": ("terraform", {**REQUIRED, "package_dir": f"../{PACKAGES}"}),
    "organisation": ("terraform", {**REQUIRED, "package_dir": f"../{PACKAGES}", **ORGANISATION}),
    "minimal": ("examples/minimal", {"package_dir": f"../../{PACKAGES}"}),
    "complete": ("examples/complete", {"package_dir": f"../../{PACKAGES}"}),
    "producer": ("examples/producer", {}),
    "cross-account": ("examples/cross-account", {"package_dir": f"../../{PACKAGES}"}),
    "domain": (
        "examples/domain",
        {"package_dir": f"../../{PACKAGES}", "route53_zone_id": "Z0123456789ABCDEFGHIJ", "domain_is_verified": "true"},
    ),
    "domain without a zone": ("modules/domain", {"domain": "example.com"}),
}
# The same engine in a second region of the account.
ELSEWHERE = {**PLANS["organisation"][1], "aws_region": "us-east-1", "data_kms_key_arn": None}
SIGNED = {"type": "https", "url": "https://hooks.example.com/email?team=shop", "signed": True}
PLANS |= {
    "signed webhook": (
        "modules/producer",
        {
            "event_bus_name": "sesmailengine-EmailBus",
            "event_source": "shop.orders",
            "status_target": SIGNED,
            "package_dir": f"../../{PACKAGES}",
        },
    ),
    # With every setting, and names that must be cut; the engine is in another account.
    "signed webhook with settings": (
        "modules/producer",
        {
            "event_bus_arn": f"arn:aws:events:{REGION}:210987654321:event-bus/sesmailengine-EmailBus",
            "event_source": "a.very.long.event.source.of.a.team.that.likes.to.name.things.in.full",
            "status_target": SIGNED | {"max_tries": 10, "maximum_concurrency": 2, "secret_version": 3},
            "package_dir": f"../../{PACKAGES}",
            "regional_names": True,
            "role_path": "/producers/",
            "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
            "lambda_runtime": "python3.12",
            "lambda_architecture": "x86_64",
            "log_retention_days": 30,
            "alarm_actions": [
                f"arn:aws:sns:{REGION}:{ACCOUNT}:ops",
                f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/mail",
            ],
        },
    ),
}
# Values that the engine rejects, one of each kind of rule.
REJECTED = {
    "admin_email": "ops",
    "data_retention_days": "7",
    "email_sender_concurrency": "1",
    "soft_bounce_retries": "9",
    "bounce_rate_alarm_threshold": "3",
    "layer_delivery": "both",
}
TEST_FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/tests/*.tftest.hcl"))
TEST_FILES = [file for file in TEST_FILES if file.startswith(("modules/", "terraform/"))]
OTHER_ACCOUNTS = "modules/sesmail/tests/other_accounts.tftest.hcl"
APPLIED = "modules/sesmail/tests/environment.tftest.hcl"


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[object]]]:
    """Every run by its name: plans by theirs, `terraform test` by its file."""
    # Runs that work in one folder would share its .terraform, hence the copies.
    names = ("plan", "test", "apply", "elsewhere")
    planned, tested, applied, elsewhere = (Workspace(tmp_path_factory.mktemp(name)) for name in names)
    validations = [file for file in TEST_FILES if "/tests/validation" in file]
    # What is quick comes first, then what most tests wait for.
    jobs: dict[str, Callable[[], object]] = {file: partial(tested.test_validation, file) for file in validations}
    jobs["rejected"] = partial(tested.rejected, {**REQUIRED, **REJECTED})
    jobs |= {name: partial(planned.plan, where, variables) for name, (where, variables) in PLANS.items()}
    # The second plan of a root, in a folder of its own: a root keeps one plan's variables and lock.
    jobs["organisation"] = partial(applied.plan, *PLANS["organisation"])
    jobs["signed webhook with settings"] = partial(applied.plan, *PLANS["signed webhook with settings"])
    jobs["elsewhere"] = partial(elsewhere.plan, "terraform", ELSEWHERE)
    jobs["other accounts"] = partial(elsewhere.planned_runs, OTHER_ACCOUNTS)
    jobs[APPLIED] = partial(applied.applied, APPLIED)
    jobs |= {file: partial(tested.test, file) for file in TEST_FILES if file not in jobs}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        yield {name: pool.submit(job) for name, job in jobs.items()}
        pool.shutdown(cancel_futures=True)
    for workspace in (planned, tested, applied, elsewhere):
        workspace.close()


@pytest.fixture(scope="session")
def plan(runs: dict[str, Future[object]]) -> Callable[[str], Plan]:
    """Gives a plan by its name."""

    def get(name: str) -> Plan:
        found = runs[name].result()
        assert isinstance(found, Plan)
        return found

    return get


@pytest.fixture(scope="session")
def default(plan: Callable[[str], Plan]) -> Plan:
    return plan("default")


@pytest.fixture(scope="session")
def complete(plan: Callable[[str], Plan]) -> Plan:
    return plan("complete")


@pytest.fixture(scope="session")
def applied(plan: Callable[[str], Plan]) -> Plan:
    """The engine's state after an apply with mocks, under the longest name it may have."""
    return plan(APPLIED)
