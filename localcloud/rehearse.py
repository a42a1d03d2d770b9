"""`make rehearse`: a careless import trips the breaker of the engine that `make up` started, for practice."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from rich.console import Console

from localcloud.emulator import Emulator
from localcloud.engine import Engine
from localcloud.paths import LocalCloudError
from localcloud.ses.mailbox_simulator import REHEARSAL_DOMAIN
from localcloud.subscriber import StatusSubscriber
from localcloud.up import read_state
from localcloud.wait import wait_for

PRODUCER = "careless.import"
# Above the defaults of breaker_min_emails, breaker_min_bounces and bounce_rate_pause_threshold.
EMAILS, BOUNCES = 120, 15
# Longer than the functions keep the producers' states.
_IN_FORCE_SECONDS = 6
_PAUSED = "Email Sending Paused"


def run(console: Console) -> None:
    """Rehearse on the running engine. Raises LocalCloudError if none is up."""
    state = read_state()
    if state["backend"] != "ministack":
        raise LocalCloudError("LocalStack's SES reports no bounces: rehearse on `make up` without BACKEND=localstack.")
    folder = Path(state["folder"]) if state["folder"] else None
    rehearse(Engine(Emulator(state["url"], state["backend"], folder=folder), state["outputs"]), console)


def rehearse(engine: Engine, console: Console) -> None:
    """Send the import, wait until the breaker pauses its producer, and leave one email held."""
    run_id = uuid.uuid4().hex[:8]
    name = f"{engine.name}-rehearsal-{run_id}"
    pauses = StatusSubscriber(
        engine.events, engine.sqs, engine.outputs["event_bus_name"], engine.name, name, detail_types=(_PAUSED,)
    )
    try:
        console.print(f"Producer '{PRODUCER}' sends to {EMAILS} addresses; {BOUNCES} of them do not exist.")
        addresses = [f"bounce+{run_id}-{n}@{REHEARSAL_DOMAIN}" for n in range(BOUNCES)]
        addresses += [f"{run_id}-{n}@{REHEARSAL_DOMAIN}" for n in range(EMAILS - BOUNCES)]
        engine.put_email_requests([_newsletter(to) for to in reversed(addresses)], PRODUCER)
        pause = wait_for(lambda: _pause(pauses), f"the breaker to pause '{PRODUCER}'", 180)
    finally:
        pauses.remove()
    console.print(f"[yellow]The breaker has paused it:[/] {pause['reason']}", highlight=False)
    time.sleep(_IN_FORCE_SECONDS)
    held = engine.put_email_request(f"{run_id}-held@{REHEARSAL_DOMAIN}", PRODUCER)
    engine.wait_for_status(held, "deferred", seconds=60)
    console.print(f"Its next email, {held}, is held.", highlight=False, soft_wrap=True)
    _print_next_steps(console, held)


def _newsletter(to: str) -> dict[str, Any]:
    data = {"userName": "Customer", "companyName": "Careless Inc."}
    return {"to": to, "templateName": "welcome", "templateData": data}


def _pause(pauses: StatusSubscriber) -> dict[str, Any] | None:
    details = [event["detail"] for event in pauses.collect()]
    return next((detail for detail in details if detail["producer"] == PRODUCER), None)


def _print_next_steps(console: Console, held: str) -> None:
    lines = (
        ("sesmail status", "what is paused, and why"),
        (f"sesmail explain {held}", "what this email waits for"),
        ("sesmail suppression list --since 1h", "which addresses did not exist"),
        (f"sesmail resume --producer {PRODUCER}", "let it send again"),
    )
    console.print('Now practise, after eval "$(make -s env)":', highlight=False)
    for command, what in lines:
        console.print(f"  {command}   {what}", highlight=False, soft_wrap=True)
