"""Cancellations in force, in the control table: `cancel#<source>`, and `cancel#*` for all producers.

Each item holds the rules of one source (domain/guards/cancelling.py), with a `version` that every write raises. The
sender reads it with the source's policy.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from sesmail_layer.aws.control_items import (
    ControlItems,
    cancel_key,
    control_errors,
    number,
    read_cancellations,
    read_number,
)
from sesmail_layer.aws.dynamodb_items import put_if, to_item
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.cancelling import Cancellations, CancelRule
from sesmail_layer.domain.guards.sending_state import ACCOUNT

_TRIES = 8


class CancelRules(ControlItems):
    def add_rule(self, source: str, rule: CancelRule, *, kept_seconds: float) -> None:
        """Add a rule for a source. Raises CancellationsFullError, TransientError."""
        kept_after = rule.before - kept_seconds
        self._change(source, lambda known: known.with_rule(rule, kept_after=kept_after), rule.before + kept_seconds)

    def add_erased(self, hashed: str, before: float, *, kept_seconds: float) -> None:
        """Add an erased address by its keyed hash, for all sources. Raises CancellationsFullError, TransientError."""
        kept_after = before - kept_seconds
        self._change(
            ACCOUNT, lambda known: known.with_erased(hashed, before, kept_after=kept_after), before + kept_seconds
        )

    def read(self, source: str) -> Cancellations:
        """Read a source's cancellations. Raises TransientError."""
        return read_cancellations(self._get(cancel_key(source)))

    def _change(self, source: str, change: Callable[[Cancellations], Cancellations], expires_at: float) -> None:
        key = cancel_key(source)
        for _ in range(_TRIES):
            item = self._get(key)
            before = read_cancellations(item)
            after = change(before)
            if after == before:
                return
            version = read_number(item, "version")
            # DynamoDB deletes the item when its latest cancellation has ended.
            ttl = max(read_number(item, "ttl"), expires_at)
            new = {"pk": {"S": key}, "version": number(version + 1), "ttl": number(int(ttl)), **to_item(after, {})}
            with control_errors():
                condition = "version = :version" if "version" in item else "attribute_not_exists(version)"
                values = {":version": item["version"]} if "version" in item else {}
                existing = put_if(self._client, self._table_name, new, condition, values)
            if existing is None:
                return
            # The other writer may write again: two that repeat at once would conflict again.
            self._sleep(random.uniform(0.01, 0.05))
        raise TransientError(f"The cancellations of a producer changed {_TRIES} times meanwhile", code="AWS006")
