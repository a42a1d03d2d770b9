"""Ratios of two measurements taken alternately (A B A B) on the same machine, so that noise affects both alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median

import msgspec

LEAST_ROUNDS = 3
LONGEST_SECONDS = 75.0
"""A busy machine measures fewer rounds: `make bench` ends within a quarter of an hour."""


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement, its comparison and the target ratio."""

    key: str
    what: str
    against: str
    unit: str
    target: float
    at_most: bool
    """True: the ratio should be at most the target; False: at least."""
    rounds: list[tuple[float, float]]
    """The engine's value and the comparison's, by round."""

    @property
    def ratios(self) -> list[float]:
        return [ours / other for ours, other in self.rounds]

    @property
    def value(self) -> float:
        return median(self.ratios)

    @property
    def met(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target

    def columns(self) -> tuple[float, float]:
        """Return the medians of both sides."""
        ours, other = zip(*self.rounds, strict=True)
        return median(ours), median(other)


def interleave(rounds: int, *measures: Callable[[], float]) -> list[tuple[float, ...]]:
    """Take every measure once in each round, in alternating order; return their values by round."""
    found: list[tuple[float, ...]] = []
    until = time.monotonic() + LONGEST_SECONDS
    for number in range(rounds):
        if number >= LEAST_ROUNDS and time.monotonic() > until:
            break
        order = reversed(range(len(measures))) if number % 2 else range(len(measures))
        values = {index: round(measures[index](), 3) for index in order}
        found.append(tuple(values[index] for index in range(len(measures))))
    return found


def alternate(rounds: int, ours: Callable[[], float], other: Callable[[], float]) -> list[tuple[float, float]]:
    """Measure both in every round; return `(ours, other)` for each round."""
    return [(values[0], values[1]) for values in interleave(rounds, ours, other)]


def spread(values: Sequence[float]) -> str:
    return f"{min(values):.2f} – {max(values):.2f}"
