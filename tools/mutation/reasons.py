"""The reason why each survivor is accepted, by a rule or by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tools.mutation.named import NAMED
from tools.mutation.results import Survivor


class Reason(NamedTuple):
    title: str
    why: str


REASONS = {
    "same": Reason(
        "The changed code does the same",
        "The changed line gives the same result for every value that can reach it. Examples: another name of the "
        "same codec, the first or last of a separator that occurs once, a bound that no value meets, a default that "
        "is never used.",
    ),
    "falsy": Reason(
        "None instead of False or of an empty value",
        "The reader only checks whether the value is true. The types forbid the change, and `make lint` checks them.",
    ),
    "unread": Reason(
        "The changed value is not read",
        "The type, the protocol or the signature requires a value, and this call does not use it.",
    ),
    "effort": Reason(
        "Only time or memory differ",
        "The result is the same, with more work, more reads or more memory. The benchmark and the tests that measure "
        "memory notice these changes. A mutation run does not include tests that measure time.",
    ),
    "moment": Reason(
        "The exact time of a limit",
        "The limit is a time that is compared with the clock. At exactly that microsecond both results are right.",
    ),
    "chance": Reason(
        "The bounds of a random wait",
        "Tests check that the code waits, and for how long. They cannot distinguish 1 from 2 as the shortest wait.",
    ),
    "inner": Reason(
        "Text that only developers see",
        "The message of an exception that is always caught, or a reason that is neither recorded nor logged.",
    ),
    "gap": Reason(
        "Known gaps",
        "A test is possible and is not written. Either a fault there would soon be noticed, or tests that do not run "
        "here cover the behaviour: those of adapters, the simulation, and end to end.",
    ),
}

UNEXPLAINED = Reason("Without a reason yet", "Add a test, or name it in `tools/mutation/named.py`.")


def explained(survivor: Survivor) -> Survivor:
    """Return the survivor with its reason, or without one where neither a rule nor a name applies."""
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
    """True if the change replaces one text by another, once."""
    return any(
        survivor.before[: found.start()] + other + survivor.before[found.end() :] == survivor.after
        for found in re.finditer(re.escape(one), survivor.before)
    )


def _is_falsy(survivor: Survivor) -> bool:
    return _swaps(survivor, "False", "None")


def _is_a_codec(survivor: Survivor) -> bool:
    return any(_swaps(survivor, f'"{name}"', f'"{name.upper()}"') for name in ("utf-8", "utf-16-be", "utf-16-le"))


def _is_a_default(survivor: Survivor) -> bool:
    """Jinja2 drops the last line break by default."""
    return (survivor.before, survivor.after) == ("keep_trailing_newline=False,", "")


def _is_a_moment(survivor: Survivor) -> bool:
    pairs = ((" > ", " >= "), (" >= ", " > "), (" < ", " <= "), (" <= ", " < "))
    return re.search(r"\bnow\b", survivor.before) is not None and any(_swaps(survivor, *pair) for pair in pairs)


def _is_a_strict_zip(survivor: Survivor) -> bool:
    """Only a bug would make the lengths differ."""
    pairs = (("strict=True", "strict=None"), ("strict=True", "strict=False"), (", strict=True)", ", )"))
    return any(_swaps(survivor, *pair) for pair in pairs)


RULES: list[tuple[str, Callable[[Survivor], bool]]] = [
    ("falsy", _is_falsy),
    ("same", _is_a_codec),
    ("same", _is_a_default),
    ("same", _is_a_strict_zip),
    ("moment", _is_a_moment),
]
