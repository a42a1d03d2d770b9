"""How a table that exists differs from the one that Terraform declares (modules/tables)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sesmail_cli.migrate.seed import Index, Table

_GOING = ("DELETING", "ARCHIVING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")


def replacements(table: Table, found: Mapping[str, Any]) -> list[str]:
    """Return why Terraform would delete the table and create another."""
    problems = []
    if found.get("TableStatus") in _GOING:
        problems.append(f"its status is {found['TableStatus']}: do not import it.")
    types = {one["AttributeName"]: one["AttributeType"] for one in found["AttributeDefinitions"]}
    keys = [one["AttributeName"] for one in found["KeySchema"]]
    if keys != [table.key] or types.get(table.key) != "S":
        problems.append(
            f"its key is {', '.join(keys)}, not the text {table.key}: Terraform would REPLACE it. Do not import it."
        )
    if found.get("LocalSecondaryIndexes"):
        problems.append("it has local indexes: Terraform would REPLACE it. Do not import it.")
    return problems


def losses(table: Table, found: Mapping[str, Any]) -> list[str]:
    """Return what else of the table Terraform would remove."""
    problems = []
    declared = {index.name for index in table.indexes}
    others = sorted({one["IndexName"] for one in found.get("GlobalSecondaryIndexes", ())} - declared)
    if table.rebuilds_indexes and others:
        problems.append(f"it has indexes that Terraform would DELETE: {', '.join(others)}. Move their readers first.")
    if found.get("Replicas"):
        problems.append("it is a global table: Terraform would remove its replicas.")
    if found.get("StreamSpecification", {}).get("StreamEnabled"):
        problems.append("its stream has readers, perhaps: Terraform turns it off.")
    return problems


def expiry_misfits(ttl: Mapping[str, Any]) -> list[str]:
    name = ttl.get("AttributeName", "ttl")
    if ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") and name != "ttl":
        return [f"records expire by '{name}', the engine's by 'ttl': turn the old one off first; it takes an hour."]
    return []


def changes_in_place(found: Mapping[str, Any], ttl: Mapping[str, Any], recovery: str | None) -> list[str]:
    """What the first apply changes, in place and without a pause."""
    is_on_demand = found.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    is_encrypted = found.get("SSEDescription", {}).get("Status") in ("ENABLED", "ENABLING", "UPDATING")
    changes = {
        "billing: on demand": not is_on_demand,
        "encryption: the account's KMS key": not is_encrypted,
        "point-in-time recovery: on": recovery != "ENABLED",
        "expiry by ttl: on": ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"),
        "deletion protection: on": not found.get("DeletionProtectionEnabled"),
    }
    return [change for change, is_needed in changes.items() if is_needed]


def index_misfits(table: Table, name: str, found: Mapping[str, Any], *, is_read: bool) -> list[str]:
    """Return the indexes to create by hand, with their commands: those that the engine reads, or the others."""
    if table.rebuilds_indexes:
        return []
    misfits = {index: _index_misfit(table, index, found) for index in table.indexes if index.is_read is is_read}
    return [f"{misfit}. {_index_command(name, index)}" for index, misfit in misfits.items() if misfit]


def rebuilt_indexes(table: Table, found: Mapping[str, Any]) -> list[str]:
    """Return each index that Terraform builds (again) in the first apply."""
    if not table.rebuilds_indexes:
        return []
    misfits = [_index_misfit(table, index, found) for index in table.indexes]
    return [f"{misfit}: Terraform builds it, and it finds nothing until then" for misfit in misfits if misfit]


def _index_misfit(table: Table, index: Index, found: Mapping[str, Any]) -> str:
    existing = {one["IndexName"]: one for one in found.get("GlobalSecondaryIndexes", ())}.get(index.name)
    if existing is None:
        return f"it has no index {index.name}"
    keys = tuple(one["AttributeName"] for one in existing["KeySchema"])
    if keys != index.keys:
        return f"the index {index.name} has the keys {', '.join(keys)}, not {', '.join(index.keys)}"
    types = {one["AttributeName"]: one["AttributeType"] for one in found["AttributeDefinitions"]}
    if no_texts := [key for key in keys if types.get(key) != "S"]:
        return f"the index {index.name} has keys that are no texts: {', '.join(no_texts)}"
    projection = existing["Projection"]
    kind, projected = projection.get("ProjectionType"), set(projection.get("NonKeyAttributes", ()))
    lacking = index.attributes - projected - {table.key, *keys}
    needs_all = table.rebuilds_indexes
    if kind != "ALL" and (needs_all or lacking):
        return f"the index {index.name} lacks {', '.join(sorted(lacking)) or 'attributes'}"
    return ""


def _index_command(table_name: str, index: Index) -> str:
    """The command that creates an index; one with other keys has to be deleted first."""
    schema = [{"AttributeName": key, "KeyType": kind} for key, kind in zip(index.keys, ("HASH", "RANGE"), strict=False)]
    create = [{"Create": {"IndexName": index.name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}}]
    definitions = " ".join(f"AttributeName={key},AttributeType=S" for key in index.keys)
    return (
        f"Create it (one that is there has to be deleted first): aws dynamodb update-table --table-name {table_name}"
        f" --attribute-definitions {definitions} --global-secondary-index-updates '{json.dumps(create)}'"
    )
