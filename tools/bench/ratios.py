"""A ratio of two things measured in turn, A B A B, on the same machine at the same time: noise hits both alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import msgspec


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, against what, and the aim."""

    key: str
    what: str
    against: str
    unit: str
    aim: float
    at_most: bool
    """True: the ratio should be no more than the aim; False: no less."""
    rounds: list[tuple[float, float]]
    """(ours, the other's) of each round."""

    @property
    def ratios(self) -> list[float]:
        return [ours / other for ours, other in self.rounds]

    @property
    def value(self) -> float:
        return median(self.ratios)

    @property
    def met(self) -> bool:
        return self.value <= self.aim if self.at_most else self.value >= self.aim

    def columns(self) -> tuple[float, float]:
        """The medians of both sides."""
        ours, other = zip(*self.rounds, strict=True)
        return median(ours), median(other)


def in_turn(rounds: int, ours: Callable[[], float], other: Callable[[], float]) -> list[tuple[float, float]]:
    """Measures both so many times, in turn; who goes first changes, too."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = other()
            pairs.append((ours(), second))
        else:
            pairs.append((ours(), other()))
    return [(round(first, 3), round(second, 3)) for first, second in pairs]


def spread(values: Sequence[float]) -> str:
    return f"{min(values):.2f} – {max(values):.2f}"
