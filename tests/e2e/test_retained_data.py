"""With retain_data_on_delete a plain destroy keeps tables and bucket as they are; docs/setup.md says how to go on.

Its commands are run word for word, in an account of their own: what is kept would be in other tests' way.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.deployment import Deployment, deploy
from localcloud.emulator import Emulator, free_port, start_ministack
from localcloud.paths import BUILD, REPOSITORY
from localcloud.snippets import snippet
from localcloud.terraform import TerraformError
from tests.e2e.harness.plan_defects import unexpected_changes
from tests.e2e.harness.shell import run_in_shell

SETUP = REPOSITORY / "docs" / "setup.md"
NAME = "kept"
# How S3 answers for each protection of a bucket.
PROTECTIONS = {
    "get_public_access_block": "PublicAccessBlockConfiguration",
    "get_bucket_versioning": "Status",
    "get_bucket_encryption": "ServerSideEncryptionConfiguration",
    "get_bucket_policy": "Policy",
    "get_bucket_ownership_controls": "OwnershipControls",
    "get_bucket_lifecycle_configuration": "Rules",
}


@pytest.fixture
def account() -> Iterator[Emulator]:
    started = start_ministack(port=free_port())
    yield started
    started.stop()


@pytest.fixture
def kept(account: Emulator) -> Iterator[Deployment]:
    work = f"e2e/{NAME}"
    try:
        yield deploy(account, work, name=NAME, variables={"retain_data_on_delete": True})
    finally:
        shutil.rmtree(BUILD / work, ignore_errors=True)


def protections(emulator: Emulator, bucket: str) -> dict[str, Any]:
    s3 = client(emulator, "s3")
    found = {}
    for operation, key in PROTECTIONS.items():
        try:
            found[operation] = getattr(s3, operation)(Bucket=bucket).get(key)
        except ClientError as err:
            found[operation] = err.response["Error"]["Code"]
    return found


def tables(emulator: Emulator) -> set[str]:
    names = client(emulator, "dynamodb").list_tables()["TableNames"]
    return {name.removeprefix(f"{NAME}-") for name in names if name.startswith(f"{NAME}-")}


def run_docs(deployment: Deployment, emulator: Emulator, containing: str, *, until: str = "") -> None:
    """Run a block of the page for the engine of this test, up to a command if one is named."""
    block = snippet(SETUP, "bash", containing).replace("sesmailengine", NAME)
    commands = block.partition(until)[0] if until else block
    run_in_shell(emulator, commands, deployment.terraform.folder)


def test_a_plain_destroy_keeps_the_data_protected_and_the_docs_lead_out_and_back(
    kept: Deployment, account: Emulator
) -> None:
    bucket = kept.engine.outputs["template_bucket_name"]
    before = protections(account, bucket)
    assert None not in before.values()
    assert not [value for value in before.values() if isinstance(value, str) and value.startswith("NoSuch")]

    with pytest.raises(TerraformError, match="deletion"):
        kept.terraform.destroy()

    assert protections(account, bucket) == before
    assert tables(account) == {"EmailTracking", "Suppression", "Control", "Pending"}

    run_docs(kept, account, "state rm", until="terraform -chdir=terraform destroy")
    kept.terraform.destroy()

    assert kept.terraform.resources() == []
    assert protections(account, bucket) == before
    client(account, "dynamodb").put_item(TableName=f"{NAME}-Suppression", Item={"email": {"S": "john@example.com"}})

    run_docs(kept, account, "adopt()", until="terraform -chdir=terraform apply")
    kept.terraform.apply()

    (kept.terraform.root / "adopt.tf").unlink()
    assert protections(account, bucket) == before
    assert client(account, "dynamodb").scan(TableName=f"{NAME}-Suppression")["Count"] == 1
    assert unexpected_changes(kept.terraform) == []
