"""Cancellations: which emails must not be sent any more.

A waiting email may be a message in a queue and nothing else, and SQS cannot be searched. So a cancellation of more than
one email is a *rule*: it selects emails by what their requests say, and ends each of them when its message comes up.

    cancelled at T    rule: producer, tag, template; accepted from `since` to T
    comes up before T, waits in a queue    matches                 → `failed`, `cancelled`
    accepted after T                       does not match          → is sent

A rule that is older than any email can wait is dropped. It matches nothing by then.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from sesmail_layer.domain.errors import PermanentError

MOST_RULES = 100
"""Of one producer, or of all together, by whoever cancels: they are read with every batch."""
MOST_ERASED = 1_000
"""Erased addresses with mail that may be under way."""
_DAY_SECONDS = 86_400

OPERATOR, PRODUCER = "an operator", "its producer"


class CancellationsFullError(Exception):
    """There are as many cancellations in force as a batch can read."""


class CancelRule(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Selects emails that were accepted from `since` to before `before` (Unix seconds), with what else is given."""

    before: float
    since: float = 0
    tag: str | None = None
    template: str | None = None
    by: str = OPERATOR

    def matches(self, *, template: str, tags: Collection[str], accepted_at: float, asked_at: float) -> bool:
        """`accepted_at`: when the request reached the engine; `asked_at`: its event's time, which may be earlier."""
        return (
            self.since <= accepted_at
            and min(accepted_at, asked_at) < self.before
            and self.tag in (None, *tags)
            and self.template in (None, template)
        )

    def selects_as(self, other: CancelRule) -> bool:
        """Return True where both differ in their time alone."""
        return (self.since, self.tag, self.template, self.by) == (other.since, other.tag, other.template, other.by)


class Cancellations(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The cancellations in force of one producer, or of all."""

    rules: list[CancelRule] = []
    erased: dict[str, float] = {}
    """By the keyed hash of an erased address: emails to it that were accepted before this Unix time are cancelled."""

    def with_rule(self, rule: CancelRule, *, kept_after: float) -> Cancellations:
        """Add a rule; one that selects the same becomes later. What ended before `kept_after` is dropped.

        Raises CancellationsFullError.
        """
        same = [one.before for one in self.rules if one.selects_as(rule)]
        rule = msgspec.structs.replace(rule, before=max([rule.before, *same]))
        others = [one for one in self.rules if not one.selects_as(rule) and one.before >= kept_after]
        if sum(one.by == rule.by for one in others) >= MOST_RULES:
            raise CancellationsFullError(f"{MOST_RULES} cancellations are in force")
        return msgspec.structs.replace(self, rules=[*others, rule], erased=self._erased_after(kept_after))

    def with_erased(self, hashed: str, before: float, *, kept_after: float) -> Cancellations:
        """Add an erased address. Raises CancellationsFullError."""
        others = {key: at for key, at in self._erased_after(kept_after).items() if key != hashed}
        if len(others) >= MOST_ERASED:
            raise CancellationsFullError(f"{MOST_ERASED} addresses were erased lately")
        rules = [one for one in self.rules if one.before >= kept_after]
        return Cancellations(rules=rules, erased=others | {hashed: before})

    def _erased_after(self, kept_after: float) -> dict[str, float]:
        return {key: at for key, at in self.erased.items() if at >= kept_after}


def kept_seconds(max_schedule_days: int) -> float:
    """Return how long a rule is kept: longer than any email waits for its `sendAt`."""
    return (max_schedule_days + 1) * _DAY_SECONDS


def cancelled(by: str) -> PermanentError:
    """Return the error of an email that somebody cancelled."""
    return PermanentError("cancelled", f"Email not sent: cancelled by {by}", code="CAN001")
