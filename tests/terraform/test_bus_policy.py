"""What the bus policy decides about calls of other accounts, by the emulator's IAM evaluator.

"Allow" here is half of the way for another account's role: its own account must let it send, too.
"""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import Future

import pytest

from localcloud.paths import EMULATOR_PYTHON
from tests.terraform.runner import ACCOUNT, ROOT, Plan

REQUEST, STATUS = "Email Request", "Email Status Changed"
# As in modules/sesmail/tests/other_accounts.tftest.hcl.
SHOP, HR_ACCOUNT, ORGANIZATION = "210987654321", "310987654321", "o-a1b2c3d4e5"
OPEN = "another_account_and_an_organisation_may_send_under_their_sources_alone"
RESTRICTED = "restrict_producers_denies_an_account_the_sources_of_others"
ALLOWED, SILENT, DENIED = "Allow", "ImplicitDeny", "Deny"

# Account, its organisation, sources and types of the events of a call; decisions without and with restrict_producers.
CALLS = [
    (SHOP, None, ["shop.orders"], [REQUEST], ALLOWED, ALLOWED),
    (SHOP, None, ["group.hr"], [REQUEST], SILENT, DENIED),
    (SHOP, None, ["shop.orders", "group.hr"], [REQUEST], SILENT, DENIED),
    (SHOP, None, ["somebody.else"], [REQUEST], SILENT, DENIED),
    (SHOP, None, ["shop.orders", "somebody.else"], [REQUEST], SILENT, DENIED),
    (SHOP, None, ["shop.orders"], [STATUS], SILENT, SILENT),
    (SHOP, None, ["shop.orders"], [REQUEST, STATUS], SILENT, SILENT),
    (SHOP, None, ["sesmailengine"], [STATUS], DENIED, DENIED),
    (SHOP, None, ["shop.orders", "sesmailengine"], [REQUEST, STATUS], DENIED, DENIED),
    ("410987654321", ORGANIZATION, ["group.hr"], [REQUEST], ALLOWED, ALLOWED),
    ("410987654321", ORGANIZATION, ["shop.orders"], [REQUEST], SILENT, DENIED),
    ("410987654321", "o-zzzzzzzzzz", ["group.hr"], [REQUEST], SILENT, DENIED),
    ("410987654321", None, ["group.hr"], [REQUEST], SILENT, DENIED),
    # A role of the engine's own account is in the organisation, and needs a policy of its own all the same.
    (ACCOUNT, ORGANIZATION, ["group.hr"], [REQUEST], SILENT, SILENT),
    (ACCOUNT, ORGANIZATION, ["shop.orders"], [REQUEST], SILENT, DENIED),
]


@pytest.fixture(scope="module")
def decisions(runs: dict[str, Future[object]]) -> dict[str, list[str]]:
    """The decisions about all calls, by the run that has the policy."""
    planned = runs["other accounts"].result()
    assert isinstance(planned, dict)
    return {name: decide(planned[name]) for name in (OPEN, RESTRICTED)}


def decide(plan: Plan) -> list[str]:
    calls = [
        {
            "principal": f"arn:aws:iam::{account}:role/app",
            "organization": organization,
            "sources": sources if len(sources) > 1 else sources[0],
            "types": types if len(types) > 1 else types[0],
        }
        for account, organization, sources, types, *_ in CALLS
    ]
    given = {"policy": plan.one("aws_cloudwatch_event_bus_policy").json("policy"), "calls": calls}
    command = [str(EMULATOR_PYTHON), str(ROOT / "tests/terraform/evaluate_bus_policy.py")]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("number", range(len(CALLS)), ids=lambda number: "-".join(map(str, CALLS[number][:3])))
def test_an_account_sends_under_its_own_source_alone_and_forges_no_status(
    number: int, decisions: dict[str, list[str]]
) -> None:
    *_, without, restricted = CALLS[number]
    assert decisions[OPEN][number] == without
    assert decisions[RESTRICTED][number] == restricted
