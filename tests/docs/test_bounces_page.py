"""docs/bounce-rate-protection.md has the tables of domain/ses/bounces.py."""

from __future__ import annotations

import re

from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES
from sesmail_layer.domain.ses.bounces import EFFECTS, TABLE, BounceClass, Effect
from tests.docs.pages import DOCS, rows

ROWS = list(rows(DOCS / "bounce-rate-protection.md"))
CLASSES = {f"`{kind.value}`" for kind in BounceClass}


def test_the_page_lists_the_evidence_in_the_same_order() -> None:
    documented = [cells for cells in ROWS if len(cells) == 2 and cells[1] in CLASSES]
    assert [cells[1].strip("`") for cells in documented] == [row.then for row in TABLE]
    for cells, row in zip(documented, TABLE, strict=True):
        named = set(re.findall(r"`([^`]+)`", cells[0]))
        assert named == {*row.types, *row.sub_types, *row.statuses}


def test_the_page_lists_the_effects_of_every_class() -> None:
    documented = {cells[0].strip("`"): cells[1:] for cells in ROWS if len(cells) == 8 and cells[0] in CLASSES}
    assert documented == {kind.value: _cells(effect) for kind, effect in EFFECTS.items()}


def test_the_page_lists_every_reason_to_suppress() -> None:
    documented = {tuple(cell.strip("`") for cell in cells[:2]) for cells in ROWS if len(cells) == 3}
    assert documented >= {(kind, reason.value) for reason, kind in SUPPRESSION_TYPES.items()}


def _cells(effect: Effect) -> list[str]:
    status = f"`{effect.status.value}`" if effect.status else "history only"
    suppressed = f"`{effect.suppress.value}`" if effect.suppress else "no"
    if effect.suppress_days:
        suppressed += f", {effect.suppress_days} days"
    limit = effect.counts_towards_soft_bounce_limit
    flags = (effect.counts, limit, effect.retried, effect.sender_refused)
    name = f"`{effect.bounce_class}`" if effect.bounce_class else "none"
    return [name, status, suppressed, *("yes" if flag else "no" for flag in flags)]
