"""Actions: each shows what it will do, and the command that does the same, before it does it.

    GET  actions/NAME?…   the plan ──► POST, confirmed ──► done ──► GET done/ID   the result

A plan may also be asked for by a POST, where its input is too long for a URL. Results are kept in memory, so that a
page that is loaded again does nothing again.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from sesmail_cli.console.view import View, chosen
from sesmail_cli.web.server import NOT_FOUND, Response, redirect

CONFIRMED = "confirmed"
_KEPT_RESULTS = 100

Fields = Mapping[str, Sequence[str]]
"""What a form or URL gave, by name. No value is empty."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what an action concerns: a table of whole texts."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an action will do."""

    title: str
    """The question: `Pause shop.orders?`"""
    effects: Sequence[str]
    """What will happen, one sentence each, with numbers where they are known."""
    command: str
    """The command line that does the same (`View.command`); empty: there is none."""
    button: str
    """What the button says: `Pause shop.orders`. Empty: there is nothing to do, and the effects say why."""
    fields: Fields
    """What the confirmation sends. Exact (ids, points in time), so that what is done is what was shown."""
    back: str
    """The address that Cancel leads to."""
    place: str | None = None
    """The entry of the navigation that it belongs to."""
    destructive: bool = False
    """It cannot be undone."""
    examples: Rows | None = None
    texts: Sequence[tuple[str, str]] = ()
    """Long texts, folded: a summary and the text."""
    more: tuple[str, str] | None = None
    """A further step of the plan, where one page cannot count everything: address and text."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an action did."""

    title: str
    lines: Sequence[str]
    links: Sequence[tuple[str, str]]
    """Where to go now: address and text, the most useful first."""
    place: str | None = None
    attention: bool = False
    """Part of it was left undone."""


@dataclass(frozen=True)
class Action:
    """Something that an operator can do. Both steps may raise UsageError and AWS's errors."""

    name: str
    """In the address: `actions/NAME`."""
    plan: Callable[[View, Fields], Plan]
    run: Callable[[View, Fields], Result]


class Actions:
    """Answers the requests for actions; the results of the last ones are kept while the console runs."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._actions = {action.name: action for action in actions}
        self._results: OrderedDict[str, Result] = OrderedDict()

    def step(self, view: View, name: str) -> Response:
        """Show an action's plan, or carry out one that was confirmed."""
        action = self._actions.get(name)
        if action is None:
            return NOT_FOUND
        if view.request.method == "GET":
            return _show(view, action, chosen(view.request.pairs))
        fields = dict(chosen(view.request.form()))
        if fields.pop(CONFIRMED, None) is None:
            return _show(view, action, fields)
        return redirect(view.url(f"done/{self._keep(action.run(view, fields))}"))

    def done(self, view: View, result_id: str) -> Response:
        """Show a result."""
        result = self._results.get(result_id)
        if result is None:
            return view.page("missing.html", status=404)
        return view.page("done.html", place=result.place, result=result)

    def _keep(self, result: Result) -> str:
        result_id = secrets.token_urlsafe(9)
        self._results[result_id] = result
        while len(self._results) > _KEPT_RESULTS:
            self._results.popitem(last=False)
        return result_id


def _show(view: View, action: Action, fields: Fields) -> Response:
    plan = action.plan(view, fields)
    sent = [(name, value) for name, values in plan.fields.items() for value in values]
    return view.page("plan.html", place=plan.place, plan=plan, sent=sent, confirmed=CONFIRMED, action=action.name)
