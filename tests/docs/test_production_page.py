"""docs/production.md names every check of `sesmail doctor`, and no other."""

from __future__ import annotations

import re
from collections import Counter

from sesmail_cli.doctor.run import CHECKS
from tests.docs.pages import DOCS, prose

PAGE = DOCS / "production.md"
_COLUMN = "Check"


def named_checks() -> list[str]:
    """Return what the column of the checks has, in the order of the page."""
    found: list[str] = []
    for table in re.findall(r"(?:^\|.*\|\n)+", prose(PAGE), re.MULTILINE):
        heading, _, *rows = ([cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines())
        if _COLUMN in heading:
            found += [row[heading.index(_COLUMN)].strip("`") for row in rows]
    return found


def test_every_check_of_doctor_is_on_the_page_once_and_every_one_on_the_page_exists() -> None:
    assert Counter(named_checks()) == Counter(check.id for check in CHECKS)


def test_a_name_of_a_check_is_unique() -> None:
    assert max(Counter(check.id for check in CHECKS).values()) == 1
