"""Run by the emulator's Python: decide PutEvents calls by a bus policy, with the emulator's IAM evaluator.

Standard input: {"policy": ..., "calls": [{"principal", "organization", "sources", "types"}]}; output: the decisions.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

# By name: MiniStack is not installed where types are checked.
evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")


def decide(policy: dict[str, Any], call: dict[str, Any]) -> str:
    account = call["principal"].split(":")[4]
    organization = {"aws:principalorgid": call["organization"]} if call["organization"] else {}
    context = evaluator.EvalContext(
        principal_arn=call["principal"],
        principal_type="AssumedRole",
        principal_account=account,
        principal_keys=organization,
        action="events:PutEvents",
        resource_arn=policy["Statement"][0]["Resource"],
        region="eu-west-1",
        service_context={"events:source": call["sources"], "events:detail-type": call["types"]},
    )
    return str(evaluator.evaluate_resource_policy(policy, context).decision)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps([decide(given["policy"], call) for call in given["calls"]]))
