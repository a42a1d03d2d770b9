"""The unsubscribe function put together: settings, its page's files, and what API Gateway gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sesmail_layer.composition import unsubscribe
from sesmail_layer.composition.unsubscribe import Unsubscribe
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.unsubscribe.view import Problem, TopicChoice, View
from sesmail_layer.runtime.settings import UnsubscribeSettings
from tools.simulation.environment import environment

FOLDER = Path(__file__).resolve().parents[3] / "functions/unsubscribe/page"
VIEW = View(address="a***@example.com", topic=TopicChoice(name="weekly", label="Weekly digest", left=False))


class FakePage:
    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.error: TransientError | None = None

    def show(self, token: str) -> View | Problem:
        return self._answer("show", token)

    def change(self, token: str, form: dict[str, str]) -> View | Problem:
        return self._answer("change", token, *form)

    def _answer(self, *asked: str) -> View | Problem:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return VIEW


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> FakePage:
    made = FakePage()
    monkeypatch.setattr(unsubscribe, "client", lambda _service: None)
    monkeypatch.setattr(unsubscribe, "UnsubscribePage", lambda *_ports: made)
    return made


def function(**changes: str) -> Unsubscribe:
    variables = {**environment(AWS_LAMBDA_FUNCTION_NAME="sesmailengine-Unsubscribe"), **changes}
    return Unsubscribe(UnsubscribeSettings.from_env(variables), FOLDER)


def event(method: str, body: str = "") -> dict[str, Any]:
    return {
        "headers": {"content-type": "application/x-www-form-urlencoded", "accept-language": "fr"},
        "requestContext": {"http": {"method": method}},
        "pathParameters": {"token": "abc"},
        "body": body,
    }


def test_get_and_head_show_and_post_changes(page: FakePage) -> None:
    made = function()
    answers = [made.handle(event(*given)) for given in (("GET",), ("HEAD",), ("POST", "unsubscribe=weekly"))]

    assert page.asked == [("show", "abc"), ("show", "abc"), ("change", "abc", "unsubscribe")]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 200]
    assert [bool(answer["body"]) for answer in answers] == [True, False, True]
    assert "Se désabonner de « Weekly digest »" in answers[0]["body"]


@pytest.mark.parametrize(("brand", "title"), [({}, "SESMailEngine"), ({"companyName": "Northwind"}, "Northwind")])
def test_without_a_brand_the_page_has_the_sender_s_name(page: FakePage, brand: dict[str, str], title: str) -> None:
    body = function(SESMAIL_BRAND=json.dumps(brand)).handle(event("GET"))["body"]
    assert f'<p class="company">{title}</p>' in body


def test_where_aws_does_not_answer_the_page_says_so_and_the_alarm_counts_it(
    page: FakePage, capsys: pytest.CaptureFixture[str]
) -> None:
    page.error = TransientError("DynamoDB error checking suppression: timeout", code="AWS001")
    answer = function().handle(event("POST", "unsubscribe=weekly"))

    assert answer["statusCode"] == 503
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["code"] for line in lines if line.get("event") == "unsubscribe.unanswered"] == ["AWS001"]
    assert [line["RecordFailed"] for line in lines if "RecordFailed" in line] == [1]
