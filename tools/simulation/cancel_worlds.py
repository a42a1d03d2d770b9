"""Worlds in which emails are cancelled at random moments, by id and by rule, while anything fails.

What must hold besides the claim protocol (claim_proofs.py):

Not claimed again   no claim of an email is written after its record says that it was cancelled, nor 15 s after a rule
                    that selects it is in force
One of two          a cancelled email went out, or its record says `cancelled`: a record that says so has no mail of
                    that attempt, but for the one window that SES leaves open
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sesmail_layer.domain.guards.cancelling import Cancellations, CancelRule
from sesmail_layer.domain.record.claims import cancelled_by
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.usecases.cancel import cancel_email
from tools.simulation import claim_proofs
from tools.simulation.fakes import NOW, request
from tools.simulation.world import Trouble, World

_SHOP = "my.application"
_TAG = "import"
_IN_FORCE_SECONDS = 15.0
_KEPT_SECONDS = 31 * 86_400.0


def _claims(record: TrackingRecord | None) -> int:
    return 0 if record is None else sum(entry.status is Status.SENDING for entry in record.history)


class CancelWorld(World):
    def __init__(self, seed: int, trouble: Trouble) -> None:
        super().__init__(seed, trouble)
        self.wrong: list[str] = []
        self.asked_at: dict[str, float] = {}
        """By event id."""
        self.tagged: set[str] = set()
        """Ids of the emails with the tag that were asked for so far."""
        for name in ("create", "replace"):
            setattr(self.tracking, name, self._watched(getattr(self.tracking, name)))

    def ask(self, detail: Mapping[str, Any], **how: Any) -> None:
        self.asked_at[f"event-{len(self.asked) + 1}"] = self.clock.now()
        super().ask(detail, **how)

    def by_event(self, **detail: str) -> None:
        """Put a producer's cancellation on the bus."""
        self.email_queue.put(self.sender.cancel(detail, source=_SHOP).body)

    def by_operator(self, email_id: str) -> None:
        """Cancel one email as `sesmail cancel` does, by an operator who is gone before its status is published."""
        now = self.clock.now()
        cancel_email(self.tracking, email_id, _SHOP, by="an operator", now=now, retention_days=90)

    def by_rule(self) -> None:
        """Cancel all that has the tag, and was asked for until now."""
        self.cancelled |= self.tagged
        rule = CancelRule(before=self.clock.now(), tag=_TAG)
        self.sender.control.add_rule(_SHOP, rule, kept_seconds=_KEPT_SECONDS)

    def _watched(self, write: Callable[[TrackingRecord], Any]) -> Callable[[TrackingRecord], Any]:
        def watched(record: TrackingRecord) -> Any:
            before = self.tracking.records.get(record.email_id)
            answer = write(record)
            if answer is None and _claims(record) > _claims(before):
                self._check_claim(record, before)
            return answer

        return watched

    def _check_claim(self, record: TrackingRecord, before: TrackingRecord | None) -> None:
        if before is not None and cancelled_by(before):
            self.wrong.append(f"{record.email_id} is claimed although its record says that it was cancelled")
        known = self.sender.control.cancellations.get(_SHOP, Cancellations())
        for rule in known.rules:
            in_force = rule.before + _IN_FORCE_SECONDS < self.clock.now()
            if in_force and rule.tag in record.tags and self.asked_at[record.request_event_id] < rule.before:
                self.wrong.append(f"{record.email_id} is claimed although a rule selects it")


def prove_cancelling(seed: int) -> None:
    """Requests, cancellations of both kinds, kills, errors, SES's faults and late events, in any order."""
    dice = random.Random(f"cancel-{seed}")
    world = CancelWorld(
        seed,
        Trouble(
            kills=dice.randint(0, 5),
            errors=dice.randint(0, 5),
            share=dice.choice((0.02, 0.05, 0.1)),
            ses_faults=dice.choice((0.0, 0.1, 0.4, 0.7)),
            timeouts=dice.random() < 0.4,
            late_events=dice.choice((0.0, 0.1, 0.5)),
            doubled=dice.choice((0.0, 0.5)),
            doubles=dice.choice((0, 2)),
            processor_down_seconds=dice.choice((0, 0, 600)),
            refused_statuses=dice.choice((0.0, 0.05)),
            outcomes=dice.random() < 0.8,
            repeated_writes=dice.choice((0.0, 0.3)),
        ),
    )
    rule_at = dice.choice((dice.uniform(0, 0.3), dice.uniform(0, 1_500)))
    if dice.random() < 0.5:
        world.at(rule_at, world.by_rule)
        world.at(rule_at + 2, partial(_ask, world, dice, "later", tagged=True))
    for number in range(dice.randint(2, 6)):
        _ask_and_cancel(world, dice, f"m-{number}")
    world.run()
    _check(world)


def _ask_and_cancel(world: CancelWorld, dice: random.Random, email_id: str) -> None:
    asked_at = dice.choice((0.0, 0.0, dice.uniform(0, 30)))
    world.at(asked_at, partial(_ask, world, dice, email_id, tagged=dice.random() < 0.5))
    if dice.random() < 0.7:
        cancelled_at = dice.choice((dice.uniform(0, 0.3), dice.uniform(0, 30), dice.uniform(0, 1_500)))
        by = dice.choice((world.by_operator, lambda email_id: world.by_event(emailId=email_id)))
        world.cancelled.add(email_id)
        world.at(cancelled_at, partial(by, email_id))
        if dice.random() < 0.3:
            world.at(cancelled_at + dice.uniform(0, 600), partial(by, email_id))


def _ask(world: CancelWorld, dice: random.Random, email_id: str, *, tagged: bool) -> None:
    detail = request(emailId=email_id, to=f"{email_id}@example.org", tags=[_TAG] if tagged else [])
    if dice.random() < 0.5:
        detail["sendAt"] = "2026-11-24T10:51:00Z"
    world.ask(detail, copies=dice.choice((1, 1, 2)))
    if tagged:
        world.tagged.add(email_id)
    if dice.random() < 0.3:
        # Another event with the same request: what was cancelled is not sent for it either.
        world.at(world.clock.now() - NOW + dice.uniform(0, 1_800), partial(world.ask, detail))


def _check(world: CancelWorld) -> None:
    assert not world.wrong, world.wrong
    claim_proofs.check(world)
