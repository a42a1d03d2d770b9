"""How the starters are looked at: with which data and brand, how wide, light or dark.

`make screenshots` takes all 504; `make test` looks at a fixed 60 that have each value of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Literal

import msgspec

from tests.templates.conftest import STARTERS
from tests.templates.data import HOSTILE, sample, with_every_text

Mode = Literal["light", "dark"]
MODES: tuple[Mode, ...] = ("light", "dark")
WIDTHS = (320, 375, 600, 1200)
PHONE = 375


def picture(width: int, height: int, fill: str) -> str:
    """Return a rounded bar as a data URL."""
    shape = f"%3Crect width='{width}' height='{height}' rx='8' fill='%23{fill}'/%3E"
    tag = f"%3Csvg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'%3E"
    return f"data:image/svg+xml,{tag}{shape}%3C/svg%3E"


DATA = ("full", "minimal", "hostile")
BRANDS: dict[str, dict[str, str]] = {
    "blue": {"brandColor": "#0b1f4d"},
    "yellow": {"brandColor": "#ffd400"},
    "none": {},
}
LOGOS: dict[str, dict[str, str]] = {
    "no-logo": {},
    "dark-logo": {"logoUrl": picture(160, 40, "12161d"), "logoDarkUrl": picture(160, 40, "f3f5f9")},
    "wide-logo": {"logoUrl": picture(1600, 80, "12161d")},
}


class Shot(msgspec.Struct, frozen=True):
    """One email as it is looked at."""

    starter: str
    data: str
    """One of DATA, or a brand and a logo: `yellow wide-logo`."""
    width: int
    mode: Mode

    def __str__(self) -> str:
        return f"{self.starter}/{self.data.replace(' ', '-')}-{self.width}-{self.mode}"

    @property
    def values(self) -> dict[str, Any]:
        """The template's data."""
        template = STARTERS[self.starter]
        full = sample(template)
        if self.data == "minimal":
            return sample(template, "sample.minimal.json")
        if self.data == "hostile":
            # Pictures stay: a broken address shows nothing that could be too wide.
            pictures = {name: full[name] for name in full if name.endswith(("logoUrl", "logoDarkUrl", "imageUrl"))}
            return {**with_every_text(full, HOSTILE["very long"]), **pictures}
        if self.data == "full":
            return full
        brand, logo = self.data.split()
        branded = ("brandColor", "brandTextColor", "logoUrl", "logoDarkUrl")
        rest = {name: value for name, value in full.items() if name not in branded}
        return {**rest, **BRANDS[brand], **LOGOS[logo]}


def all_shots() -> Iterator[Shot]:
    for starter in sorted(STARTERS):
        for data, width, mode in product(DATA, WIDTHS, MODES):
            yield Shot(starter, data, width, mode)
        for brand, logo, mode in product(BRANDS, LOGOS, MODES):
            yield Shot(starter, f"{brand} {logo}", PHONE, mode)


def fixed_shots() -> Iterator[Shot]:
    """Five of each starter; together they have every width, mode, kind of data, brand and logo."""
    brands = [f"{brand} {logo}" for brand, logo in product(BRANDS, LOGOS)]
    for index, starter in enumerate(sorted(STARTERS)):
        mode, other = (MODES[index % 2], MODES[1 - index % 2])
        yield Shot(starter, "full", 320, "light")
        yield Shot(starter, "full", (600, 1200)[index % 2], "dark")
        yield Shot(starter, "minimal", PHONE, mode)
        yield Shot(starter, "hostile", 320, other)
        yield Shot(starter, brands[index % len(brands)], PHONE, mode)
