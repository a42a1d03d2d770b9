"""What a check finds: the state of one thing, why it matters, and the exact fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sesmail_cli.doctor.facts import Facts


class State(StrEnum):
    OK = "ok"
    FIX = "fix"
    """It needs a fix."""
    UNKNOWN = "unknown"
    """It could not be checked: a right is missing, or DNS did not answer. That is not clean."""
    SKIPPED = "skipped"
    """It does not apply to this engine."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    state: State
    what: str
    subject: str = ""
    """The domain, sender, producer, queue or key that it is about; empty where there is one such thing."""
    fix: str = ""
    command: str = ""
    """The fix as a command, Terraform setting or DNS record, to copy as it is."""
    check: str = ""
    group: str = ""
    title: str = ""
    why: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    """Stable: scripts select by it."""
    group: str
    title: str
    why: str
    run: Callable[[Facts], Iterable[Finding]]
    needs_engine: bool = True
    needs_dns: bool = False
    """Whether it says anything only where the domain's DNS is asked."""


def shortened(text: str, most: int = 80) -> str:
    """Cut what others wrote: a record in DNS may have 64 kB."""
    return text if len(text) <= most else f"{text[:most]}…"


def ok(what: str, *, subject: str = "") -> Finding:
    return Finding(state=State.OK, what=what, subject=subject)


def needs_fix(what: str, *, fix: str, command: str = "", subject: str = "") -> Finding:
    return Finding(state=State.FIX, what=what, fix=fix, command=command, subject=subject)


def unknown(what: str, *, fix: str, subject: str = "") -> Finding:
    return Finding(state=State.UNKNOWN, what=what, fix=fix, subject=subject)


def skipped(what: str, *, subject: str = "") -> Finding:
    return Finding(state=State.SKIPPED, what=what, subject=subject)
