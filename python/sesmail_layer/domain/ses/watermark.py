"""The watermark: how far the feedback processor has come, so that a claim's silence means that SES never had the mail.

A worker claims an email at C and does not learn whether SES took it. If SES did, a Send event was sent soon after C.

    C                              C + settle            now
    │ claim, no answer of SES      │ the sender sends    │ may the email be sent again?
    │                              │ a probe             │
    ├──────────────────────────────┼─────────────────────┼──► time at which messages were sent to the topic
    │ ▲ Send event, if SES took it │                     │
    │                              └─► (a) a probe sent here or later has been handled: what was sent before it had
    │                                      `settle` seconds to be received and handled
    └────────────────────────────────────► (b) and nothing sent after C is noted as outstanding

(a) A probe passes SES's topic and the feedback queue as an event does, at most one in 30 s, and only while a claim
    waits: a quiet stack settles too, and a busy one writes nothing for it.
(b) Before the processor works on a message that it received more than once, and before it hands one back, it notes
    when the message was first sent; it strikes the note out when the message is done. A message that is killed with its
    first batch is received again within the queue's visibility, so `settle` is at least twice that, and 60 s.
    Where the table takes no note, the message comes back within seconds and is noted then. The table may answer again,
    and a probe pass, before that: so a probe counts for nothing until those seconds are over, too.
    A dead letter keeps its note for a day: one sent after C may be the Send event, one from before C cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

NOTE_SECONDS = 86_400.0
"""How long a note counts: what has not been handled in a day needs an operator, and no email waits longer."""

PROBE = "sesmailProbe"
"""Key of a probe's time in the message that a sender publishes to SES's topic."""


def probe(sent_at: float) -> str:
    """Return the message of a probe that is sent at a Unix time in seconds."""
    return msgspec.json.encode({PROBE: sent_at}).decode()


def probe_sent_at(document: Mapping[str, object]) -> float:
    """Return when a probe was sent; 0 for what is no probe of a sender."""
    sent_at = document[PROBE]
    return float(sent_at) if isinstance(sent_at, int | float) else 0.0


class Progress(msgspec.Struct, frozen=True):
    """What the control table knows of the processor. Times are Unix seconds."""

    handled_until: float = 0.0
    """When the newest probe that was handled had been sent; 0: none was."""
    outstanding: Sequence[float] = ()
    """When messages were sent that are noted as not handled."""


_UNNOTED_SECONDS = 14.0
"""Within this time a message without a note is received again: its delay of at most 5 s and a batching window of 5."""


def is_settled(claimed_at: float, settle_seconds: float, progress: Progress, now: float) -> bool:
    """Return True where every event that was sent about a claim has surely been handled."""
    if not claimed_at + settle_seconds <= progress.handled_until <= now - _UNNOTED_SECONDS:
        return False
    return not any(sent_at >= claimed_at and sent_at > now - NOTE_SECONDS for sent_at in progress.outstanding)
