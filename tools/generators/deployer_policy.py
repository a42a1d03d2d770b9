"""Write the least-privilege policy of whoever applies the engine, from its plan.

    terraform -chdir=terraform plan -out=plan.tfplan
    terraform -chdir=terraform show -json plan.tfplan |
        python -m tools.generators.deployer_policy --name mail --region eu-west-1 --account 123456789012

A plan names types of resources; `RIGHTS` says what Terraform's AWS provider calls for each, to create, read, change and
delete it, and on what. An unknown type is an error. Without `--name`, `--region` and `--account` the policies keep the
words NAME, REGION and ACCOUNT in their places: so they are in modules/sesmail/deployer, for whoever has a release.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.generators.deployer_rights import BOUNDARY, DATA_KEY, KEEP_BOUNDARY, QUOTA_RIGHT, RIGHTS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "modules" / "sesmail" / "deployer"
# Of a managed policy, white space not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
POLICY_LIMIT = 6144


class UnknownTypeError(Exception):
    """The plan has a type of resource of which the table says nothing."""


def types(plan: Mapping[str, Any]) -> set[str]:
    """List the types of the resources of a plan, as `terraform show -json` prints it."""

    def of(module: Mapping[str, Any]) -> Iterator[str]:
        yield from (resource["type"] for resource in module.get("resources", []) if resource["mode"] == "managed")
        for child in module.get("child_modules", []):
            yield from of(child)

    return set(of(plan["planned_values"]["root_module"]))


def policies(planned: Iterable[str]) -> list[dict[str, Any]]:
    """Return the policies for these types, each within IAM's limit. Raises UnknownTypeError."""
    planned = set(planned)
    if unknown := sorted(planned - RIGHTS.keys()):
        raise UnknownTypeError(f"{', '.join(unknown)}: add to RIGHTS what Terraform calls for it.")
    rights = {right.sid: right for type_ in sorted(planned) for right in RIGHTS[type_]}
    statements = [right.statement() for right in (*rights.values(), QUOTA_RIGHT)]
    found: list[dict[str, Any]] = []
    for statement in statements:
        if not found or size({**found[-1], "Statement": [*found[-1]["Statement"], statement]}) > POLICY_LIMIT:
            found.append({"Version": "2012-10-17", "Statement": []})
        found[-1]["Statement"].append(statement)
    return found


def size(policy: Mapping[str, Any]) -> int:
    """Count a policy's characters as IAM does, with room for the longest name, region and account."""
    text = json.dumps(policy, separators=(",", ":"))
    for word, value in (("NAME", "n" * 40), ("REGION", "ap-southeast-1"), ("ACCOUNT", "1" * 12)):
        text = text.replace(word, value)
    return len(text)


def files(planned: Iterable[str]) -> dict[str, str]:
    """Return the policies by file name."""
    found = {f"deployer-{number}.json": policy for number, policy in enumerate(policies(planned), 1)}
    found["boundary.json"] = {"Version": "2012-10-17", "Statement": [BOUNDARY, KEEP_BOUNDARY]}
    found["data-key.json"] = {"Version": "2012-10-17", "Statement": list(DATA_KEY)}
    return {name: json.dumps(policy, indent=2) + "\n" for name, policy in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("plans", nargs="*", type=Path, help="plans as JSON; default: one from standard input")
    parser.add_argument("--name", default="NAME", help="the engine's name")
    parser.add_argument("--region", default="REGION")
    parser.add_argument("--account", default="ACCOUNT")
    parser.add_argument("--out", type=Path, default=Path("deployer"), help="folder for the policies; default: deployer")
    given = parser.parse_args()
    plans = [json.loads(path.read_text()) for path in given.plans] or [json.load(sys.stdin)]
    try:
        written = files(set().union(*map(types, plans)))
    except UnknownTypeError as error:
        sys.exit(str(error))
    given.out.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        for word in ("NAME", "REGION", "ACCOUNT"):
            text = text.replace(word, getattr(given, word.lower()))
        (given.out / name).write_text(text)
        print(given.out / name)


if __name__ == "__main__":
    main()
