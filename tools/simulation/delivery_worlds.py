"""Worlds in which the delivery mode changes between any two invocations: who gets mail, and what follows from it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.utils import getaddresses

import msgspec

from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation import claim_proofs
from tools.simulation.crashes import mortal
from tools.simulation.fakes import request
from tools.simulation.ses import SimulatedSes
from tools.simulation.stepping import Container, UseCase
from tools.simulation.world import SENDER_SECONDS, Trouble, World

_MAILBOX = "team@example.net"
_MODES = (
    None,
    RestrictedDelivery.of("redirect", _MAILBOX, []),
    RestrictedDelivery.of("allow", "", ["U0@example.org", "*.partner.example"]),
    RestrictedDelivery.of("sink", "", []),
)


def _may_receive(delivery: RestrictedDelivery | None, address: str) -> bool:
    match delivery.mode if delivery else "live":
        case "redirect":
            return address == _MAILBOX
        case "allow":
            return address.casefold() == "u0@example.org" or address.casefold().endswith(".partner.example")
        case mode:
            return mode == "live"


class _Mailer:
    """Notes who gets mail that the mode does not allow, by envelope or header."""

    def __init__(self, ses: SimulatedSes, delivery: RestrictedDelivery | None, wrong: list[str]) -> None:
        self._ses = ses
        self._delivery = delivery
        self._wrong = wrong

    def longest_seconds(self, size: int) -> float:
        return self._ses.longest_seconds(size)

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        message = message_from_bytes(raw)
        headers = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
        named = [address for _, address in getaddresses(headers)]
        self._wrong += [one for one in (*recipients, *named) if not _may_receive(self._delivery, one)]
        return self._ses.send(raw, sender=sender, recipients=recipients, tags=tags, tenant=tenant)


class _ModesWorld(World):
    def __init__(self, seed: int, trouble: Trouble) -> None:
        self.wrong: list[str] = []
        super().__init__(seed, trouble)

    def _make_sender(self, container: Container) -> UseCase:
        return lambda messages: self._send_in(self.rng.choice(_MODES), container)(
            messages, self.clock.now() + SENDER_SECONDS
        )

    def _send_in(self, delivery: RestrictedDelivery | None, container: Container) -> SendEmails:
        mailer = _Mailer(self.ses, delivery, self.wrong)
        ports = msgspec.structs.replace(self.sender.ports(), mailer=mailer)
        return SendEmails(mortal(ports, container), msgspec.structs.replace(self.sender.rules, delivery=delivery))


def prove_modes(seed: int) -> None:
    """Kills, errors, SES's faults, late events and retries, each invocation in a mode of its own."""
    dice = random.Random(f"modes-{seed}")
    trouble = Trouble(
        kills=dice.randint(0, 8),
        errors=dice.randint(0, 8),
        pauses=dice.randint(0, 2),
        ses_faults=dice.choice((0.0, 0.1, 0.4, 0.7)),
        late_events=dice.choice((0.0, 0.1, 0.5)),
        doubled=dice.choice((0.0, 0.5)),
        doubles=dice.choice((0, 4)),
        outcomes=True,
        repeated_writes=dice.choice((0.0, 0.3)),
    )
    world = _ModesWorld(seed, trouble)
    for number in range(dice.randint(2, 7)):
        to = dice.choice(("u0@example.org", "U0@Example.org", f"u{number}@example.org", f"x{number}@a.partner.example"))
        detail = request(emailId=f"m-{number}", to=to)
        if dice.random() < 0.3:
            detail |= {"cc": [f"c{number}@example.org", f"C{number}@b.partner.example"], "bcc": ["b@example.org"]}
        if dice.random() < 0.2:
            detail["sendAt"] = "2026-11-24T10:51:00Z"
        world.ask(detail, copies=dice.choice((1, 2)))
    world.run()
    _check(world)


def _check(world: _ModesWorld) -> None:
    assert not world.wrong, f"got mail that the mode does not allow: {world.wrong}"
    assert not world.bus.too_early
    claim_proofs.check_nothing_is_doubled(world)
    claim_proofs.check_statuses(world)
    own = [mail for mail in world.ses.accepted if "redirected" not in mail.tags]
    right = {mail.recipients[0].casefold() for mail in own if mail.outcome in ("hard", "complained")}
    assert set(world.sender.suppression.entries) == right, "suppressed for what happened to another mailbox, or not"
    for record in world.tracking.records.values():
        assert record.status not in (Status.SENDING, Status.DEFERRED), f"{record.email_id} is left {record.status}"
        if record.sink and record.status is not Status.FAILED:
            mails = [one for one in world.ses.accepted if one.record_id == record.email_id]
            assert all(mail.attempt < record.attempt for mail in mails), f"{record.email_id} was sunk and sent"
            assert record.ses_message_id == f"sink-{record.email_id}-{record.attempt}"
