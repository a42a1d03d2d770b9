"""A page that reads many files of the bucket, in Chromium: it loads itself until it has them all."""

from __future__ import annotations

from typing import Any

import boto3
from playwright.sync_api import APIResponse, Page, Route, expect

from sesmail_cli.web.server import LocalServer
from tests.browser.test_console import assert_looks, console, moto_engine
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION

__all__ = ["console", "moto_engine"]

LANGUAGES = [first + second for first in "abc" for second in "abcdefghij"]
FILES = {"metadata.json": '{"subject": "Hello", "version": "1.0.0"}', "template.html": "x", "template.txt": "x"}
FILES |= {f"template.{language}.{kind}": "x" for language in LANGUAGES for kind in ("html", "txt")}


def test_a_template_of_many_languages_is_read_in_more_steps_than_a_browser_follows_redirects(
    page: Page, axe: str, console: LocalServer
) -> None:
    s3: Any = boto3.client("s3")
    bucket = f"{NAME}-templates-{ACCOUNT_ID}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for file, text in FILES.items():
        s3.put_object(Bucket=bucket, Key=f"templates/many/{file}", Body=text.encode())
    address = f"{console.url}templates/many?part=lint"
    page.route(address, _stay, times=1)
    page.goto(address)
    expect(page.get_by_role("heading", name="Reading the template’s files")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("2 of 63 files read.")
    assert_looks(page, axe, "template-reading")
    page.get_by_role("link", name="Read on").press("Enter")
    lint = page.get_by_role("link", name="Lint")
    expect(lint).to_have_attribute("aria-current", "page", timeout=60_000)
    assert int(lint.locator(".count").inner_text()) > 0


def _stay(route: Route) -> None:
    """Answer without the header that loads the page again."""
    answer: APIResponse = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "refresh"}
    route.fulfill(response=answer, headers=headers)
