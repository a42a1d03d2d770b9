"""Why a survivor may live: each has one reason, by a rule or by name. One without a reason fails tests/docs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from mutation.results import Survivor


class Reason(NamedTuple):
    title: str
    why: str


REASONS = {
    "same": Reason(
        "The change is none",
        "The changed line gives the same for everything that can reach it: another name of the same codec, the first or "
        "the last of a separator that is there once, a bound that nothing meets, a default that is never used.",
    ),
    "falsy": Reason(
        "None for False, or for nothing",
        "What reads the value asks only whether it is true; the types forbid the change, and `make lint` checks them.",
    ),
    "unread": Reason(
        "What is changed is read by nobody",
        "The type, the protocol or the function's shape asks for a value that this call's path does not use.",
    ),
    "effort": Reason(
        "Only time or memory differ",
        "The same comes out, after more work, more reading or in more memory than need be. The benchmark and the tests "
        "that measure memory hold these; a mutation run leaves out tests by the clock.",
    ),
    "chance": Reason(
        "The bounds of a random wait",
        "That it waits is tested, and within which bounds; no test can tell 1 from 2 as the lower end of a chance.",
    ),
    "inner": Reason(
        "Words that only we would read",
        "The message of an exception that is always caught, or a reason that neither a record nor a log ever tells.",
    ),
    "gap": Reason(
        "Gaps that are known",
        "Tests would be possible. What they would hold is either unlikely to break unseen or held by tests of other "
        "rooms (adapters, simulation, end to end), which do not run here.",
    ),
}


class Named(NamedTuple):
    """Survivors of one function that a fragment of the changed line tells from others."""

    reason: str
    module: str
    function: str
    after: str


NAMED: list[Named] = []


def explained(survivor: Survivor) -> Survivor:
    reason = next((key for key, holds in RULES if holds(survivor)), "") or next(
        (
            named.reason
            for named in NAMED
            if (named.module, named.function) == (survivor.module, survivor.function) and named.after in survivor.after
        ),
        "",
    )
    return msgspec.structs.replace(survivor, reason=reason)


def _swaps(survivor: Survivor, one: str, other: str) -> bool:
    """True where the change is one text for another, once."""
    return any(
        survivor.before[: found.start()] + other + survivor.before[found.end() :] == survivor.after
        for found in re.finditer(re.escape(one), survivor.before)
    )


def _is_falsy(survivor: Survivor) -> bool:
    return _swaps(survivor, "False", "None")


def _is_a_codec(survivor: Survivor) -> bool:
    return _swaps(survivor, '"utf-8"', '"UTF-8"')


RULES: list[tuple[str, Callable[[Survivor], bool]]] = [("falsy", _is_falsy), ("same", _is_a_codec)]
