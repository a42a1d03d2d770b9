"""Stored data is encrypted, recoverable, protected, and expires."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.terraform.runner import ACCOUNT, ROOT, Plan

NAME = "sesmailengine"


def test_tables_are_encrypted_on_demand_and_protected(default: Plan) -> None:
    tables = {
        table.values["name"].removeprefix(f"{NAME}-"): table.values for table in default.all("aws_dynamodb_table")
    }
    assert set(tables) == {"EmailTracking", "Suppression", "Control", "Pending"}
    for name, values in tables.items():
        assert values["server_side_encryption"][0]["enabled"] is True, name
        assert values["billing_mode"] == "PAY_PER_REQUEST", name
        assert values["deletion_protection_enabled"] is True, name
        assert values["ttl"] == [{"attribute_name": "ttl", "enabled": True}], name


def test_all_tables_but_the_one_with_content_are_recoverable(default: Plan) -> None:
    recoverable = {
        table.values["name"].removeprefix(f"{NAME}-"): any(
            recovery.get("enabled") for recovery in table.values.get("point_in_time_recovery", [])
        )
        for table in default.all("aws_dynamodb_table")
    }
    assert recoverable == {"EmailTracking": True, "Suppression": True, "Control": True, "Pending": False}


def test_indexes_answer_the_documented_queries(default: Plan) -> None:
    indexes = {
        index["name"]: (index["hash_key"], index["range_key"] or None, index["projection_type"])
        for table in default.all("aws_dynamodb_table")
        for index in table.values["global_secondary_index"]
    }
    assert indexes == {
        "to-email-timestamp-index": ("toEmail", "timestamp", "INCLUDE"),
        "ses-message-id-index": ("sesMessageId", None, "INCLUDE"),
        "date-partition-index": ("datePartition", "timestamp", "KEYS_ONLY"),
        "original-email-id-index": ("originalEmailId", None, "ALL"),
        "suppression-type-date-index": ("suppressionType", "addedToSuppressionDate", "ALL"),
    }


def test_the_bucket_is_private_versioned_encrypted_and_kept(default: Plan) -> None:
    bucket = default.one("aws_s3_bucket")
    assert bucket.values["bucket"] == f"{NAME}-templates-{ACCOUNT}"
    assert bucket.values["force_destroy"] is False
    assert default.one("aws_s3_bucket_versioning").values["versioning_configuration"][0]["status"] == "Enabled"
    (rule,) = default.one("aws_s3_bucket_server_side_encryption_configuration").values["rule"]
    assert rule["bucket_key_enabled"] is True
    assert rule["apply_server_side_encryption_by_default"][0]["sse_algorithm"] == "AES256"
    block = default.one("aws_s3_bucket_public_access_block").values
    kinds = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    assert all(block[kind] for kind in kinds)


def test_a_destroy_meets_the_tables_before_it_takes_the_buckets_protection() -> None:
    """Terraform destroys what depends on something before it; a protected table ends the destroy there.

    What comes of it is in tests/e2e/test_retained_data.py.
    """
    block = re.search(r'^module "tables" \{\n.*?^\}', (ROOT / "modules/sesmail/main.tf").read_text(), re.M | re.S)
    assert block is not None
    assert "depends_on = [module.template_bucket]" in block[0]


def test_the_bucket_denies_requests_without_tls(default: Plan) -> None:
    (statement,) = default.one("aws_s3_bucket_policy").json("policy")["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [f"arn:aws:s3:::{NAME}-templates-{ACCOUNT}{part}" for part in ("", "/*")]


def test_ses_requires_tls_unless_the_owner_does_not(default: Plan, plan: Callable[[str], Plan]) -> None:
    for planned, policy in ((default, "REQUIRE"), (plan("organisation"), "OPTIONAL")):
        assert planned.one("aws_sesv2_configuration_set").values["delivery_options"][0]["tls_policy"] == policy


def test_topics_use_the_customers_key_or_none(default: Plan) -> None:
    assert [topic.values["kms_master_key_id"] for topic in default.all("aws_sns_topic")] == [None, None]


def test_logs_expire(default: Plan, complete: Plan) -> None:
    # The complete one has the unsubscribe function too.
    for plan, days, functions in ((default, 90, 3), (complete, 365, 4)):
        groups = plan.all("aws_cloudwatch_log_group")
        assert len(groups) == functions
        assert {group.values["retention_in_days"] for group in groups} == {days}


def test_nothing_is_archived_by_default(default: Plan, complete: Plan) -> None:
    assert not default.all("aws_cloudwatch_event_archive")
    archive = complete.one("aws_cloudwatch_event_archive")
    assert archive.values["retention_days"] == 7
    assert archive.json("event_pattern") == {"detail-type": ["Email Request"]}
