"""The console's frame: which paths there are, and what it answers when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from sesmail_cli.console.app import PLACES
from sesmail_cli.console.view import REQUESTS_PER_PAGE, Place
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION, MotoEngine
from tests.console.conftest import Visitor


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_navigation_marks_the_page_that_is_open(bucket: None, visitor: Visitor, place: Place) -> None:
    page = visitor.text(place.path)
    assert f'<a href="/token/{place.path}" aria-current="page">' in page


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_each_section_asks_aws_three_times_at_most(
    bucket: None, visitor: Visitor, requests_counted: Callable[[], Any], place: Place
) -> None:
    with requests_counted() as asked:
        visitor.text(place.path)
    assert len(asked) <= REQUESTS_PER_PAGE, asked


@pytest.fixture
def bucket(engine: MotoEngine) -> None:
    s3: Any = boto3.client("s3")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=f"{NAME}-templates-{ACCOUNT_ID}", CreateBucketConfiguration=where)


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
