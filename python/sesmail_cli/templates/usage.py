"""Which templates are in use: those of the newest emails of the last days."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sesmail_cli.operator.engine import Engine
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.find import LARGEST_PAGE, Criteria, find

DAYS = 30
_DAY_SECONDS = 86_400


class Use(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How often a template is among the emails that were looked at."""

    emails: int
    newest: str


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    emails: int
    since: str
    """The emails that were looked at are those from this time on."""
    by_template: Mapping[str, Use]


def usage(engine: Engine) -> Usage:
    """Count the newest emails (1,000 at most, of 30 days) by template. Raises TransientError."""
    now = engine.clock.now()
    criteria = Criteria(since=utc_text(now - DAYS * _DAY_SECONDS), until=utc_text(now))
    page = find(engine.search, engine.tracking, criteria, limit=LARGEST_PAGE)
    uses: dict[str, Use] = {}
    for record in page.records:
        name = record.template_name
        if name is not None:
            known = uses.get(name)
            newest = known.newest if known else record.timestamp
            uses[name] = Use(emails=1 + (known.emails if known else 0), newest=newest)
    return Usage(emails=len(page.records), since=page.searched_back_to, by_template=uses)
