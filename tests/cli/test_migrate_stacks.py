"""`sesmail migrate check` where adoption would lose data: nested and moving stacks, tables that differ otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sesmail_cli.migrate.seed import TABLES
from sesmail_cli.migrate.tables import losses, replacements
from tests import seed_product
from tests.cli.cloudformation import FakeStack
from tests.cli.old_product import NAME, OldProduct, check, cloudformation, old

__all__ = ["cloudformation", "old"]

PARENT = "company"


def nest(old: OldProduct, policy: str = "") -> None:
    """Put the old stack into another one."""
    template = f"Resources:\n  Mail:\n    Type: AWS::CloudFormation::Stack\n{policy}"
    outputs = old.stacks[NAME].outputs
    old.stacks[PARENT] = FakeStack(template=template, parameters={}, outputs=outputs, resources={"Mail": NAME})


class TestStacks:
    def test_tables_of_a_nested_stack_are_deleted_with_the_stack_above_it(self, old: OldProduct) -> None:
        old.deploy(retained=False)
        nest(old)

        problems = " ".join(check("--stack", PARENT, exit_code=1)["problems"])

        assert f"Deleting the stack would delete {NAME}-EmailTracking" in problems
        assert f"give EmailTrackingTable (stack '{NAME}') `DeletionPolicy: Retain`" in problems

    @pytest.mark.parametrize(("retained", "policy"), [(True, ""), (False, "    DeletionPolicy: Retain\n")])
    def test_they_are_kept_if_they_or_their_stack_is(self, old: OldProduct, retained: bool, policy: str) -> None:
        old.deploy(retained=retained)
        nest(old, policy)

        assert "Deleting" not in " ".join(check("--stack", PARENT)["problems"])

    def test_a_stack_in_another_one_is_not_deleted_alone(self, old: OldProduct) -> None:
        old.deploy()
        old.stacks[NAME] = replace(old.stacks[NAME], parent=PARENT)

        assert f"is part of {PARENT}" in " ".join(check("--name", NAME, exit_code=1)["problems"])

    @pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"])
    def test_a_stack_that_is_being_changed_has_to_be_waited_for(self, old: OldProduct, status: str) -> None:
        old.deploy()
        old.stacks[NAME] = replace(old.stacks[NAME], status=status)

        assert f"is {status}: wait" in " ".join(check("--name", NAME, exit_code=1)["problems"])

    @pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_FAILED"])
    def test_a_stack_that_was_rolled_back_can_be_deleted(self, old: OldProduct, status: str) -> None:
        old.deploy()
        old.stacks[NAME] = replace(old.stacks[NAME], status=status)

        assert check("--name", NAME)["stack"] == status

    def test_a_deleted_stack_that_its_id_still_finds_is_none(self, old: OldProduct) -> None:
        old.deploy()
        old.stacks[NAME] = replace(old.stacks[NAME], status="DELETE_COMPLETE")

        report = check("--name", NAME)

        assert (report["stack"], [note for note in report["notes"] if "Delete the stack" in note]) == (None, [])


class TestTables:
    def test_an_index_that_terraform_would_delete_is_a_problem(self, old: OldProduct) -> None:
        creation = seed_product.suppression_table(NAME)
        creation["AttributeDefinitions"].append({"AttributeName": "domain", "AttributeType": "S"})
        index = creation["GlobalSecondaryIndexes"][0]
        key = [{"AttributeName": "domain", "KeyType": "HASH"}]
        creation["GlobalSecondaryIndexes"].append({**index, "IndexName": "by-domain", "KeySchema": key})
        old.dynamodb.create_table(**creation)

        assert "would DELETE: by-domain" in " ".join(check("--name", NAME, exit_code=1)["problems"])

    def test_an_index_whose_key_is_a_number_is_a_problem(self, old: OldProduct) -> None:
        creation = seed_product.tracking_table(NAME)
        for attribute in creation["AttributeDefinitions"]:
            if attribute["AttributeName"] == "timestamp":
                attribute["AttributeType"] = "N"
        old.dynamodb.create_table(**creation)

        assert "keys that are no texts: timestamp" in " ".join(check("--name", NAME, exit_code=1)["problems"])

    def test_a_table_that_is_being_deleted_is_not_imported(self) -> None:
        found = {
            "TableStatus": "DELETING",
            "AttributeDefinitions": [{"AttributeName": "email", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
        }
        assert replacements(TABLES[1], found) == ["its status is DELETING: do not import it."]
        assert losses(TABLES[1], found) == []
