"""Nothing is used that the AWS provider deprecates, 6.28 included, where 5.100 has another way.

What has no other way is named in docs/supported-versions.md.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.terraform.runner import ROOT, SOURCES, Workspace

PAGE = ROOT / "docs" / "supported-versions.md"
ROOTS = ("terraform", "examples/complete", "examples/producer")
# What 6.x deprecates of the types in use and 5.100 does not, so that no provider of a test warns of it:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade (name of aws_region, region
# of a bucket), https://github.com/hashicorp/terraform-provider-aws/pull/46262 (expected_bucket_owner).
DEPRECATED_SINCE_6 = {
    "name of aws_region": r"data\.aws_region\.\w+\.name\b",
    "region of aws_s3_bucket": r"aws_s3_bucket\.\w+(?:\[\d\])?\.region\b",
    "expected_bucket_owner": r"^\s*expected_bucket_owner\s*=",
}
# From 6.28 on `key_schema` takes their place; 5.100 has neither that nor a resource for an index:
# https://github.com/hashicorp/terraform-provider-aws/issues/46197
_INDEX_KEYS = re.compile(r"^  global_secondary_index \{\n(?:    .*\n)*?    (hash_key|range_key) ", re.MULTILINE)
_NAMED = "deprecates `hash_key` and `range_key` of `global_secondary_index`"


def sources() -> list[Path]:
    return [
        path for name in SOURCES for path in sorted((ROOT / name).glob("**/*.tf")) if ".terraform" not in path.parts
    ]


@pytest.mark.parametrize("root", ROOTS)
def test_the_provider_warns_of_nothing_that_is_deprecated(root: str, tmp_path: Path) -> None:
    """Every argument and block that the installed version marks, in every module of the root."""
    workspace = Workspace(tmp_path)
    try:
        workspace.init(root)
        found = json.loads(workspace.run(root, "validate", "-json"))["diagnostics"]
    finally:
        workspace.close()
    details = [f"{one['summary']}: {one['detail']}" for one in found if one["severity"] == "warning"]
    assert [detail for detail in details if "Use key_schema" not in detail] == []


@pytest.mark.parametrize("what", DEPRECATED_SINCE_6)
def test_what_only_later_versions_deprecate_is_not_used(what: str) -> None:
    pattern = re.compile(DEPRECATED_SINCE_6[what], re.MULTILINE)
    assert [path for path in sources() if pattern.search(path.read_text())] == []


def test_what_5_100_has_no_other_way_for_is_named_in_the_docs() -> None:
    used = {path.parent.name for path in sources() if _INDEX_KEYS.search(path.read_text())}
    assert used == {"tables"}
    assert _NAMED in " ".join(PAGE.read_text().split())
