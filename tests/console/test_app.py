"""The console's frame: which paths there are, and what it answers when something goes wrong."""

from __future__ import annotations

import pytest

from sesmail_cli.console.app import PLACES
from tests.cli.conftest import MotoEngine
from tests.console.conftest import Visitor


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_navigation_marks_the_page_that_is_open(visitor: Visitor, place: object) -> None:
    path = getattr(place, "path", "")
    assert f'<a href="/token/{path}" aria-current="page">' in visitor.text(path)


@pytest.mark.parametrize("path", ["nothing", "actions", "../etc/passwd", "done/unknown"])
def test_a_path_that_does_not_exist_leads_back(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status == 404
    assert "There is no such page" in str(answer.content)


def test_a_page_takes_no_post(visitor: Visitor) -> None:
    assert visitor.post("").status == 404


def test_a_missing_engine_is_named(visitor: Visitor, engine: MotoEngine) -> None:
    engine.dynamodb.delete_table(TableName="sesmailengine-Control")
    answer = visitor.get("")
    assert answer.status == 502
    assert "There is no engine &#39;sesmailengine&#39;" in str(answer.content)
