"""Every simulation's tables have DynamoDB's write limit, and no simulation may reach it, but those that say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.simulation.feedback import Feedback
from tools.simulation.sender import Sender
from tools.simulation.write_limit import WriteLimit, limited


@pytest.fixture(autouse=True, scope="session")
def every_table_has_the_write_limit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        sender_ports, feedback_ports = Sender.ports, Feedback.ports
        patch.setattr(Sender, "ports", lambda driver: limited(sender_ports(driver), driver.clock))
        patch.setattr(Feedback, "ports", lambda driver: limited(feedback_ports(driver), driver.clock))
        yield


@pytest.fixture(autouse=True)
def no_key_reaches_the_write_limit(request: pytest.FixtureRequest) -> Iterator[None]:
    WriteLimit.throttled_anywhere.clear()
    yield
    if request.node.get_closest_marker("throttles") is None:
        assert not WriteLimit.throttled_anywhere
