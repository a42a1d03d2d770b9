"""Worlds in which emails of unknown outcome can no longer be sent when a worker meets them again.

Their template vanishes, their recipient is suppressed, they expire or sending is paused, at any time around the
settling; and their producer requests them again. SES's answers are lost often, and the processor may be behind.
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.template.templates import Template, TemplateError
from sesmail_layer.domain.times import utc_text
from tools.simulation import claim_proofs
from tools.simulation.fakes import NOW, FakeTemplates, request
from tools.simulation.world import Trouble, World

_SHOP = "my.application"
_SETTLING = 250.0, 700.0
"""Seconds after the start in which most claims of unknown outcome are met again and settled."""


class _Templates:
    """The world's templates, while they are there."""

    def __init__(self, templates: FakeTemplates) -> None:
        self.are_there = True
        self._templates = templates

    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        if not self.are_there:
            raise TemplateError("template_not_found", f"Template '{name}' not found", code="TMPL001")
        return self._templates.load(name, locale, compile_seconds)

    def recheck(self, name: str, locale: str | None) -> None:
        raise AssertionError("no email of this world is a test")


class FailingWorld(World):
    def _connect(self) -> None:
        super()._connect()
        self.sender.templates = self._templates = _Templates(self.sender.templates)  # type: ignore[assignment]

    def remove_templates(self, at: float, until: float) -> None:
        """Times are seconds after the start."""
        self.errors_from_outside.add("template_not_found")
        self.at(at, partial(setattr, self._templates, "are_there", False))
        self.at(until, partial(setattr, self._templates, "are_there", True))

    def pause(self, at: float, until: float) -> None:
        states = self.sender.control.states
        self.at(at, partial(states.__setitem__, _SHOP, SendingState(paused=True, paused_by="operator")))
        self.at(until, partial(states.__setitem__, _SHOP, SendingState()))

    def suppress(self, at: float, address: str) -> None:
        def suppress() -> None:
            self.sender.suppression.list_address(address, SuppressionReason.MANUAL)
            self.listed_by_others.add(address)
            self.listed_at.setdefault(address, self.clock.now())

        self.at(at, suppress)


def prove_failing(seed: int) -> None:
    """Whatever ends an email of unknown outcome, it is not sent twice, and does not fail as unsent if SES has it."""
    dice = random.Random(f"failing-{seed}")
    world = FailingWorld(
        seed,
        Trouble(
            kills=dice.randint(0, 3),
            errors=dice.randint(0, 3),
            ses_faults=dice.choice((0.4, 0.7)),
            timeouts=dice.random() < 0.7,
            late_events=dice.choice((0.0, 0.5, 0.9)),
            doubles=dice.choice((0, 2)),
            processor_down_seconds=dice.choice((0, 600, 900)),
            outcomes=dice.random() < 0.5,
        ),
        resend_unknown=dice.random() < 0.6,
    )
    at, long = dice.uniform(*_SETTLING), dice.uniform(20, 900)
    what = dice.choice((world.remove_templates, world.pause, lambda *_: None))
    what(at, at + long)
    for number in range(dice.randint(2, 5)):
        _ask(world, dice, f"m-{number}")
    world.run()
    claim_proofs.check(world)


def _ask(world: FailingWorld, dice: random.Random, email_id: str) -> None:
    detail: dict[str, Any] = request(emailId=email_id, to=f"{email_id}@example.org")
    match dice.choice(("plain", "plain", "expires", "suppressed")):
        case "expires":
            detail["expiresAt"] = utc_text(NOW + dice.uniform(*_SETTLING))
            world.errors_from_outside.add("expired")
        case "suppressed":
            world.suppress(dice.uniform(*_SETTLING), detail["to"])
    world.ask(detail, copies=dice.choice((1, 1, 2)))
    for _ in range(dice.randint(0, 2)):
        world.at(dice.uniform(_SETTLING[0], 2 * _SETTLING[1]), partial(world.ask, detail))
