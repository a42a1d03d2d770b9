"""Babel's locale data, reduced to what the layer's filters read: about a fifth of the size.

The rest is names of languages, units and currencies, and formats that no filter of `domain/template/formatting.py` has.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from babel.core import get_global

FOLDER = "babel/locale-data"
ALWAYS = frozenset({"root", "en"})
"""The data of every locale, and of an email without one."""

_READ = frozenset(
    # numbers and money
    "number_symbols numbering_systems default_numbering_system decimal_formats currency_formats currency_symbols "
    # dates and times
    "months days day_periods day_period_rules quarters eras week_data date_formats time_formats datetime_formats "
    # the zone of a full time
    "time_zones meta_zones zone_formats territories "
    "locale_id plural_form".split()
)
# Babel looks a currency's name up for each amount, and none of the formats has a place for it.
_EMPTIED = frozenset({"currency_names", "currency_names_plural"})


class UnknownLanguage(Exception):
    """Babel has no data for a language."""


def reduce_locales(packages: Path, languages: Collection[str]) -> None:
    """Rewrite the locale data in a folder of packages.

    `languages`: those to keep, each with all its scripts and regions; empty: all. Raises UnknownLanguage.
    """
    files = {path.stem: path for path in (packages / FOLDER).glob("*.dat")}
    kept = set(_kept(files, languages)) if languages else set(files)
    for name, path in files.items():
        if name in kept:
            path.write_bytes(_reduced(path.read_bytes()))
        else:
            path.unlink()


def _kept(names: Collection[str], languages: Collection[str]) -> Iterator[str]:
    """Yield the locales of the languages, and those from which they inherit (`nb` is written as a kind of `no`)."""
    if unknown := {language for language in languages if language not in names or "_" in language}:
        raise UnknownLanguage(f"Babel has no language {', '.join(sorted(unknown))}: name languages such as `de`.")
    parents = get_global("parent_exceptions")
    wanted = [name for name in names if name.partition("_")[0] in ALWAYS | set(languages)]
    while wanted:
        name = wanted.pop()
        yield name
        if parent := parents.get(name) or name.rpartition("_")[0]:
            wanted.append(parent)


def _reduced(content: bytes) -> bytes:
    data: dict[str, Any] = pickle.loads(content)  # noqa: S301 - from the hash-checked wheel
    kept = {name: {} if name in _EMPTIED else value for name, value in data.items() if name in _READ | _EMPTIED}
    return pickle.dumps(kept, protocol=4)
