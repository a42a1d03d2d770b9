"""How far one email and one hard bounce travel through the layer: files entered, and moves between files.

A move is a call of a function (lambdas and comprehensions included) whose file is not the file of the call before it.
Returns do not count, and neither do frames outside the layer: fakes, msgspec, Jinja2. Measured through the drivers of
tools/simulation, which create the use case for every batch; a function does that once for its container.

At 439b5c9, before the rooms: an email 28 files and 142 moves (21 of them into job.py), a hard bounce 16 and 84, a
delivery 15 and 69. `python -m tests.architecture.moves` prints today's figures.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

import msgspec

from tests.architecture.sources import LAYER
from tools.simulation.fakes import request
from tools.simulation.feedback import Feedback, bounced, delivered
from tools.simulation.sender import Sender


class Way(msgspec.Struct, frozen=True):
    """The layer's files in the order of the calls into them; a file that calls itself is named again."""

    calls: tuple[str, ...]

    @property
    def files(self) -> set[str]:
        return set(self.calls)

    @property
    def entries(self) -> list[str]:
        """The file that each move leads to."""
        return [after for before, after in zip(self.calls, self.calls[1:], strict=False) if before != after]

    def __str__(self) -> str:
        counts = ", ".join(f"{file} {count}" for file, count in Counter(self.entries).most_common())
        return f"{len(self.files)} files, {len(self.entries)} moves: {counts}"


def ordinary_email() -> Way:
    """A request on a sender that has sent one before, to the same recipient: checked addresses are cached."""
    sender = Sender()
    sender.send(emailId="earlier")
    message = sender.message(request())
    return _way_of(lambda: sender.run(message))


def hard_bounce() -> Way:
    """A permanent bounce of a sent email, on a feedback processor that has recorded a delivery before."""
    feedback = Feedback()
    feedback.sent("earlier")
    feedback.sent()
    feedback.run(feedback.message(delivered(email_id="earlier")))
    message = feedback.message(bounced())
    return _way_of(lambda: feedback.run(message))


def _way_of(run: Callable[[], object]) -> Way:
    calls: list[str] = []
    layer = f"{LAYER}/"

    def note(frame: FrameType, event: str, _arg: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(layer):
            calls.append(file.removeprefix(layer))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return Way(tuple(calls))


if __name__ == "__main__":
    print(f"email:  {ordinary_email()}\nbounce: {hard_bounce()}")
