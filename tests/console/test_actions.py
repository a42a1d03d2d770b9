"""Every action shows what it does before it does it, and does it once."""

from __future__ import annotations

from sesmail_cli.console.actions import Action, Actions, Fields, Plan, Result
from sesmail_cli.console.app import PLACES
from sesmail_cli.console.view import View, console_pages
from sesmail_cli.operator.engine import Engine
from sesmail_cli.web.server import Request, Response

HOSTILE = '"><script>alert(1)</script>\x1b[2J\u202e'


class Book:
    """An action that writes down what it was given."""

    def __init__(self) -> None:
        self.done: list[Fields] = []
        self.actions = Actions([Action("write", self.plan, self.run)])

    def plan(self, view: View, fields: Fields) -> Plan:
        return Plan(
            title=f"Write {fields['text'][0]}?",
            effects=["It is written down."],
            command=view.command("write", *fields["text"]),
            button="Write it",
            fields=fields,
            back=view.url(""),
        )

    def run(self, view: View, fields: Fields) -> Result:
        self.done.append(fields)
        return Result(title="Written", lines=list(fields["text"]), links=[(view.url(""), "Overview")])

    def ask(self, method: str, *pairs: tuple[str, str], body: bytes = b"") -> Response:
        request = Request(method, "actions/write", dict(pairs), body, pairs)
        return self.actions.step(self.view(request), "write")

    def view(self, request: Request) -> View:
        return View(Engine("news", region="eu-west-1"), request, "/token/", PLACES, console_pages())


def test_the_plan_shows_the_effects_and_the_command_and_does_nothing() -> None:
    book = Book()
    page = str(book.ask("GET", ("text", "a b"), ("text", "c")).content)

    assert "It is written down." in page
    assert "sesmail --name news --region eu-west-1 write &#39;a b&#39; c" in page
    assert page.count('<input type="hidden" name="text"') == 2
    assert book.done == []


def test_a_post_without_the_confirmation_shows_the_plan_too() -> None:
    book = Book()
    page = book.ask("POST", body=b"text=long")

    assert "Write long?" in str(page.content)
    assert book.done == []


def test_a_confirmed_action_is_done_once_however_often_its_result_is_loaded() -> None:
    book = Book()
    answer = book.ask("POST", body=b"text=a&text=b&confirmed=yes")
    result_id = answer.headers["Location"].removeprefix("/token/done/")

    for _ in range(2):
        page = book.actions.done(book.view(Request("GET", "")), result_id)
        assert "Written" in str(page.content)
    assert book.done == [{"text": ["a", "b"]}]


def test_what_is_confirmed_is_exactly_what_was_shown_also_where_it_is_hostile() -> None:
    page = str(Book().ask("GET", ("text", HOSTILE)).content)

    assert "<script>alert" not in page
    assert "Write &#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;␛[2J[U+202E]?" in page
    hidden = page.split('name="text" value="')[1].split('">')[0]
    assert hidden == "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\x1b[2J\u202e"


def test_an_unknown_action_is_not_found() -> None:
    book = Book()
    assert book.actions.step(book.view(Request("POST", "actions/x")), "x").status == 404


def test_only_the_last_results_are_kept() -> None:
    book = Book()
    first = book.ask("POST", body=b"text=1&confirmed=yes").headers["Location"].removeprefix("/token/done/")
    for _ in range(100):
        book.ask("POST", body=b"text=2&confirmed=yes")

    assert book.actions.done(book.view(Request("GET", "")), first).status == 404
