"""A tracking table that exists keeps its indexes: Terraform would delete and rebuild one with another projection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.terraform.runner import ACCOUNT, REGION, Workspace
from tools.simulation.tables import tables

_MODULE = "modules/tables"
_TRACKING = "aws_dynamodb_table.tracking"
_VARIABLES = {
    "name": "sesmailengine",
    "account": {"partition": "aws", "region": REGION, "id": ACCOUNT},
    "retain_data_on_delete": True,
    "kms_key_arn": None,
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = Workspace(tmp_path_factory.mktemp("adopted"))
    made.init(_MODULE)
    (made.folder / _MODULE / "plan.auto.tfvars.json").write_text(json.dumps(_VARIABLES))
    yield made
    made.close()


def change(workspace: Workspace, *state: str) -> Mapping[str, Any]:
    """Plan without a look at AWS; return what happens to the tracking table."""
    workspace.run(_MODULE, "plan", "-input=false", "-no-color", "-refresh=false", "-out=plan.tfplan", *state)
    shown = json.loads(workspace.run(_MODULE, "show", "-json", "plan.tfplan"))
    [found] = [one["change"] for one in shown["resource_changes"] if one["address"] == _TRACKING]
    return dict(found)


def adopted(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A state that has the table, as after `terraform import`."""
    resource = {
        "mode": "managed",
        "type": "aws_dynamodb_table",
        "name": "tracking",
        "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
        "instances": [{"schema_version": 1, "attributes": dict(attributes)}],
    }
    return {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "adopted", "resources": [resource]}


def existing_table(planned: Mapping[str, Any]) -> dict[str, Any]:
    """The table as the seed's product made it: every index holds everything, and one of ours is missing."""
    kept = [
        {**index, "projection_type": "ALL", "non_key_attributes": []}
        for index in planned["global_secondary_index"]
        if index["name"] != "original-email-id-index"
    ]
    names = [one for one in planned["attribute"] if one["name"] != "originalEmailId"]
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/sesmailengine-EmailTracking"
    known = {"id": planned["name"], "arn": arn, "global_secondary_index": kept, "attribute": names}
    return {**planned, **known}


def test_tests_make_the_table_that_terraform_declares(workspace: Workspace) -> None:
    """They read modules/tables/main.tf by themselves: tools/simulation/tables.py."""
    planned = change(workspace)["after"]["global_secondary_index"]
    found = {
        (one["name"], one["hash_key"], one["range_key"] or "", one["projection_type"], *_names(one)) for one in planned
    }
    assert found == {
        (one.name, one.keys[0], "".join(one.keys[1:]), one.projection, *sorted(one.attributes))
        for one in tables()["EmailTracking"].indexes
    }


def _names(index: Mapping[str, Any]) -> list[str]:
    return sorted(index["non_key_attributes"] or [])


def test_an_adopted_table_keeps_the_indexes_that_it_has(workspace: Workspace) -> None:
    created = change(workspace)
    assert created["actions"] == ["create"]
    table = existing_table(created["after"])
    state = workspace.folder / _MODULE / "adopted.tfstate"
    state.write_text(json.dumps(adopted(table)))

    found = change(workspace, f"-state={state.name}")

    assert found["actions"] in (["no-op"], ["update"])
    for name in ("global_secondary_index", "attribute"):
        assert _sorted(found["after"][name]) == _sorted(table[name])


def warned(workspace: Workspace, *indexes: Mapping[str, Any]) -> list[str]:
    """Plan over a table with these indexes; return the plan's warnings of them."""
    planned = change(workspace)["after"]
    keys = {planned["hash_key"], *(one[key] for one in indexes for key in ("hash_key", "range_key"))}
    attributes = [one for one in planned["attribute"] if one["name"] in keys]
    table = {**existing_table(planned), "global_secondary_index": list(indexes), "attribute": attributes}
    state = workspace.folder / _MODULE / "warned.tfstate"
    state.write_text(json.dumps(adopted(table)))
    shown = workspace.run(_MODULE, "plan", "-input=false", "-no-color", "-refresh=false", f"-state={state.name}")
    return re.findall(
        r"(?:The|An index of the) table sesmailengine-EmailTracking lacks .*?\(docs/setup\.md\)",
        " ".join(shown.split()),
    )


def test_a_plan_warns_of_an_index_that_an_existing_table_lacks(workspace: Workspace) -> None:
    indexes = change(workspace)["after"]["global_secondary_index"]
    rest = [one for one in indexes if one["name"] not in ("ses-message-id-index", "original-email-id-index")]

    assert warned(workspace, *indexes) == []
    [warning] = warned(workspace, *rest)
    assert "lacks original-email-id-index, ses-message-id-index" in warning


def test_a_plan_warns_of_an_index_that_lacks_what_the_engine_reads_and_not_of_a_larger_one(
    workspace: Workspace,
) -> None:
    indexes = change(workspace)["after"]["global_secondary_index"]
    larger = [{**one, "projection_type": "ALL", "non_key_attributes": []} for one in indexes]
    narrow = [
        {**one, "non_key_attributes": ["status"]} if one["name"] == "to-email-timestamp-index" else one
        for one in indexes
    ]

    assert warned(workspace, *larger) == []
    [warning] = warned(workspace, *narrow)
    assert "to-email-timestamp-index: countsAsSoftBounce, deliveredAt, sesMessageId" in warning


def _sorted(blocks: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((one["name"], one.get("projection_type"), one.get("hash_key")) for one in blocks)
