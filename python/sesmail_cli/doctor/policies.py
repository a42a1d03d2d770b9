"""Whether a resource policy lets an AWS service in, as far as the policy alone decides.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

_POSITIVE = {"stringequals", "stringlike", "arnequals", "arnlike", "stringequalsignorecase", "bool"}
_NEGATIVE = {"stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike"}


def allows(policy: str | None, *, service: str, action: str, resource: str, context: Mapping[str, str]) -> bool | None:
    """Return whether the policy allows it; None where a condition asks for what is not in `context`.

    `context` holds, in lower case, the condition keys that the service is known to send.
    """
    try:
        statements = _list(json.loads(policy or "{}").get("Statement"))
    except (ValueError, AttributeError):
        return False
    verdicts: dict[str, list[bool | None]] = {"Allow": [], "Deny": []}
    for statement in statements:
        if _names(statement, service) and _covers(statement, action, resource):
            verdicts.setdefault(statement.get("Effect", ""), []).append(_holds(statement.get("Condition"), context))
    if True in verdicts["Deny"]:
        return False
    if True in verdicts["Allow"]:
        return None if None in verdicts["Deny"] else True
    return None if None in verdicts["Allow"] else False


def _names(statement: Mapping[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return service in _list(principal.get("Service")) or "*" in _list(principal.get("AWS"))
    return principal == "*"


def _covers(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    actions = any(fnmatchcase(action.lower(), str(each).lower()) for each in _list(statement.get("Action")))
    resources = _list(statement.get("Resource", "*"))
    return actions and any(fnmatchcase(resource, str(each)) for each in resources)


def _holds(condition: Mapping[str, Mapping[str, Any]] | None, context: Mapping[str, str]) -> bool | None:
    """Return whether all clauses hold; a clause that does not settles it, whatever the others ask for."""
    verdicts = [
        _clause(operator, _list(values), context.get(key.lower()))
        for operator, clauses in (condition or {}).items()
        for key, values in clauses.items()
    ]
    return False if False in verdicts else None if None in verdicts else True


def _clause(operator: str, values: Iterable[Any], actual: str | None) -> bool | None:
    operator = operator.lower().removesuffix("ifexists").rpartition(":")[2]
    if actual is None or operator not in _POSITIVE | _NEGATIVE:
        return None
    exact = operator in ("stringequals", "stringnotequals")
    matches = any(str(each) == actual if exact else fnmatchcase(actual, str(each)) for each in values)
    if operator in ("bool", "stringequalsignorecase"):
        matches = any(str(each).lower() == actual.lower() for each in values)
    return matches if operator in _POSITIVE else not matches


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
