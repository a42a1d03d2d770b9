"""The two kinds of worlds in which the claim protocol is proved, each made and run from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from sesmail_layer.domain.record.foreign import FOREIGN_REVISION, with_history
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import PendingRequest
from sesmail_layer.domain.ses.tags import encode_tags
from tools.simulation import claim_proofs
from tools.simulation.fakes import NOW, request
from tools.simulation.ses import Mail, notification, ses_event
from tools.simulation.world import Trouble, World

FOREIGN_ID, FOREIGN_TO, LISTED_TO, STRANGER = "old-1", "old@example.org", "listed@example.org", "stranger@example.org"
UNREADABLE = "no event at all"


def prove_interleaving(seed: int) -> None:
    """Three senders get the same requests while the processor gets SES's events: only the order is random."""
    world = World(seed, Trouble(outcomes=True))
    for number in range(world.rng.randint(1, 4)):
        detail = request(emailId=f"m-{number}", to=f"u{number}@example.org")
        world.ask(detail, copies=3)
        if world.rng.random() < 0.5:
            world.ask(detail | {"subject": "Another"} if world.rng.random() < 0.5 else detail)
    world.run()
    claim_proofs.check(world)


def prove_random_world(seed: int) -> None:
    """Anything may happen: kills at any call, errors, SES's faults, late and doubled events, foreign rows."""
    dice = random.Random(f"trouble-{seed}")
    world = World(
        seed,
        Trouble(
            kills=dice.randint(0, 6),
            errors=dice.randint(0, 6),
            pauses=dice.randint(0, 2),
            share=dice.choice((0.02, 0.05, 0.1)),
            ses_faults=dice.choice((0.0, 0.1, 0.4, 0.7)),
            timeouts=dice.random() < 0.3,
            late_events=dice.choice((0.0, 0.1, 0.5, 0.9)),
            doubled=dice.choice((0.0, 0.1, 0.5)),
            doubles=dice.choice((0, 2, 6)),
            refused_statuses=dice.choice((0.0, 0.05)),
            refused_puts=dice.choice((0, 4)),
            processor_down_seconds=dice.choice((0, 0, 0, 600)),
            outcomes=dice.random() < 0.8,
            repeated_writes=random.Random(seed).choice((0.0, 0.0, 0.3)),
        ),
    )
    _add_foreign_rows(world)
    for number in range(dice.randint(2, 7)):
        _ask_something(world, dice, number)
    if has_unreadable := dice.random() < 0.3:
        world.email_queue.put(UNREADABLE)
    world.run()
    claim_proofs.check(world)
    dead = [message for message, _ in world.sender.dead_letters.messages] + world.email_queue.dead
    assert {message.body for message in dead} == ({UNREADABLE} if has_unreadable else set())


def _ask_something(world: World, dice: random.Random, number: int) -> None:
    detail = request(emailId=f"m-{number}", to=f"u{dice.randint(0, number)}@example.org")
    copies = dice.choice((1, 1, 1, 2))
    match dice.choice(("plain",) * 6 + ("twice", "conflict", "foreign id", "listed", "scheduled", "copies", "invalid")):
        case "twice":
            world.ask(detail)
        case "conflict":
            other: dict[str, Any] = dice.choice(({"subject": "Another"}, {"metadata": {"n": 1}}))
            world.ask(detail | other, source=dice.choice(("my.application", "other.app")))
        case "foreign id":
            detail["emailId"] = FOREIGN_ID
        case "listed":
            detail["to"] = LISTED_TO
        case "scheduled":
            detail["sendAt"] = "2026-11-24T10:51:00Z"
        case "copies":
            detail["cc"] = [f"copy{number}@example.org"]
        case "invalid":
            world.ask({"emailId": f"m-{number}", "to": "u@example.org"}, copies=copies, is_valid=False)
            return
    world.ask(detail, copies=copies)


def _add_foreign_rows(world: World) -> None:
    """A row of another writer in each table, and events about an email that only others know."""
    world.list_address(LISTED_TO)
    record = TrackingRecord(
        email_id=FOREIGN_ID,
        status=Status.SENT,
        attempt=1,
        timestamp="2026-11-01T00:00:00.000Z",
        date_partition="2026-11-01",
        ttl=0,
        to_email=FOREIGN_TO,
        original_source="my.application",
        ses_message_id="ses-old",
        revision=FOREIGN_REVISION,
    )
    world.tracking.records[FOREIGN_ID] = with_history(record)
    world.foreign_ids.add(FOREIGN_ID)
    world.sender.pending.keep(FOREIGN_ID, PendingRequest(1, b"not packed by us"))
    for outcome, who, record_id in (("hard", FOREIGN_TO, FOREIGN_ID), ("complained", STRANGER, "nobody-knows")):
        tags = encode_tags(record_id, 1, "welcome", "my.application")
        mail = Mail(record_id, 1, [who], NOW - 60, f"ses-{record_id}", outcome, tags)
        kind = "Bounce" if outcome == "hard" else "Complaint"
        world.ses.publish_later(notification(ses_event(mail, kind, who)), world.rng.uniform(0, 60))
        world.listed_by_others.add(who)


def first_failure(prove: Callable[[int], None], seeds: Iterable[int]) -> str | None:
    """Run seeds until a proof fails; return what failed, and the call that runs that seed alone."""
    for seed in seeds:
        try:
            prove(seed)
        except AssertionError as err:
            return f"{prove.__name__}({seed}): {err}"
        except Exception as err:
            raise RuntimeError(f"{prove.__name__}({seed})") from err
    return None
