"""The results of mutation runs, summarised in docs/mutation.md."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

# The share of mutants that the tests have to kill.
LEAST = 0.85


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Mutants by verdict. Only a failed test kills one; a timeout does not, nor does anything else."""

    mutants: int = 0
    killed: int = 0
    survived: int = 0
    timeout: int = 0
    other: int = 0
    """Ended by neither a test nor the clock: out of memory, a broken run."""
    not_run: int = 0
    """Left when the run was stopped; not among `mutants`."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    @property
    def share(self) -> float:
        return self.killed / self.mutants if self.mutants else 1.0


class Survivor(msgspec.Struct, frozen=True, kw_only=True):
    """One change that no test noticed."""

    module: str
    """`domain/guards/breaker.py`"""
    function: str
    """With its class."""
    before: str
    after: str
    reason: str = ""
    """A key of `reasons.REASONS`."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts on every module."""

    date: str
    python: str
    modules: dict[str, Counts]
    survivors: list[Survivor]

    @property
    def total(self) -> Counts:
        return added(self.modules.values())

    def room(self, name: str) -> Counts:
        return added(counts for module, counts in self.modules.items() if module.startswith(f"{name}/"))


def added(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())
