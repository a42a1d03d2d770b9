"""The sender's ports that a simulation of pacing does not look at."""

from __future__ import annotations

from typing import Any

from tools.simulation import control_fakes, fakes
from tools.simulation.attachments import FakeAttachments
from tools.simulation.dead_letters import FakeDeadLetters


def not_looked_at() -> dict[str, Any]:
    """Return them by name, with nothing in them."""
    return {
        "suppression": fakes.FakeSuppressionTable(),
        "rate_bucket": control_fakes.FakeBucket(),
        "attachments": FakeAttachments(),
        "bus": fakes.FakeBus(),
        "bulk_queue": fakes.FakeDelayQueue(),
        "dead_letters": FakeDeadLetters(),
        "progress": control_fakes.FakeProgress(),
        "metrics": fakes.FakeMetrics(),
        "log": fakes.FakeLog(),
        "fingerprint": lambda _address: "fingerprint",
        "tombstones_of": lambda _address: [],
        "time_limit": fakes.no_limit,
        "bytes_in_flight": fakes.no_limit,
    }
