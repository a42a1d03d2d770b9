"""What UpdateItem makes of an item, for the expressions that the engine's adapters write; conditions are left out.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tools.simulation.tables import Item

_CLAUSES = re.compile(r"\b(SET|ADD|REMOVE|DELETE) (.*?)(?= (?:SET|ADD|REMOVE|DELETE) |$)")
_SEPARATORS = re.compile(r", (?![^(]*\))")


def updated(item: Item, update: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item after an update of these parameters of UpdateItem. Raises KeyError for any other expression."""
    names = update.get("ExpressionAttributeNames", {})
    values = update.get("ExpressionAttributeValues", {})
    after = dict(item)
    for clause, actions in _CLAUSES.findall(update["UpdateExpression"]):
        for action in _SEPARATORS.split(actions):
            if clause == "SET":
                alias, _, expression = action.partition(" = ")
                after[names.get(alias, alias)] = _value(expression, item, names, values)
                continue
            alias, _, given = action.partition(" ")
            name = names.get(alias, alias)
            if clause == "REMOVE":
                after.pop(name, None)
            elif clause == "ADD":
                after[name] = _sum(item.get(name), values[given])
            elif left := set(item.get(name, {}).get("SS", ())) - set(values[given]["SS"]):
                after[name] = {"SS": sorted(left)}
            else:
                after.pop(name, None)
    return after


def _value(expression: str, item: Item, names: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    if expression.startswith("list_append("):
        inner = expression.removeprefix("list_append(").removesuffix(")")
        before, _, added = inner.rpartition(", ")
        return {"L": [*_value(before, item, names, values)["L"], *_value(added, item, names, values)["L"]]}
    if expression.startswith("if_not_exists("):
        alias, _, default = expression.removeprefix("if_not_exists(").removesuffix(")").partition(", ")
        return item.get(names.get(alias, alias), values[default])
    before, plus, added = expression.partition(" + ")
    return _sum(item.get(before), values[added]) if plus else values[expression]


def _sum(before: Any, added: Any) -> Any:
    if "SS" in added:
        return {"SS": sorted({*(before or {}).get("SS", ()), *added["SS"]})}
    return {"N": str(Decimal((before or {"N": "0"})["N"]) + Decimal(added["N"]))}
