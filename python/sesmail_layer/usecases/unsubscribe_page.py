"""The unsubscribe page: GET and HEAD show and change nothing (mail gateways open every link), POST changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from sesmail_layer.domain.guards.producers import Producers
from sesmail_layer.domain.guards.suppression import source_key, topic_key
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.addresses import masked
from sesmail_layer.domain.times import utc_text
from sesmail_layer.domain.unsubscribe.events import By
from sesmail_layer.domain.unsubscribe.links import read, reader_of
from sesmail_layer.domain.unsubscribe.view import Problem, TopicChoice, View, label_of
from sesmail_layer.usecases.ports import Clock, Metrics, SuppressionTable, TrackingTable
from sesmail_layer.usecases.subscriptions import Subscriptions

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The field that mail clients send: https://www.rfc-editor.org/rfc/rfc8058#section-3.1"""
LEAVE, COME_BACK = "unsubscribe", "resubscribe"
"""The names of the page's buttons; their value is a topic."""


class UnsubscribePage:
    """Finds the recipient behind a link, and changes what they get."""

    def __init__(
        self,
        tracking: TrackingTable,
        suppression: SuppressionTable,
        producers: Callable[[Sequence[str]], Producers],
        subscriptions: Subscriptions,
        keys: Callable[[], Sequence[bytes]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`producers` reads the policies of sources; `keys` returns those of links. Both raise TransientError."""
        self._tracking = tracking
        self._suppression = suppression
        self._producers = producers
        self._subscriptions = subscriptions
        self._keys = keys
        self._clock = clock
        self._metrics = metrics

    def show(self, token: str) -> View | Problem:
        """Return what a link is about. Raises TransientError."""
        record = self._record(token)
        return Problem.LINK if record is None else self._view(record)

    def change(self, token: str, form: Mapping[str, str]) -> View | Problem:
        """Do what a form asks for, and return the new state. Raises TransientError."""
        record = self._record(token)
        if record is None:
            return Problem.LINK
        view = self._view(record)
        one_click = form.get(ONE_CLICK[0]) == ONE_CLICK[1]
        leave = one_click or LEAVE in form
        name = view.topic.name if one_click else form.get(LEAVE, form.get(COME_BACK))
        choice = next((choice for choice in view.choices if choice.name == name), None)
        if choice is None:
            return Problem.FORM
        address, source = reader_of(record), record.original_source or ""
        if leave:
            by: By = "one-click" if one_click else "page"
            self._subscriptions.leave(address, choice.name, source=source, by=by, record=record)
        else:
            others = [other.name for other in view.choices if other.name != choice.name]
            if not self._subscriptions.come_back(address, choice.name, source=source, record=record, others=others):
                return view
        return _changed(view, msgspec.structs.replace(choice, left=leave))

    def _record(self, token: str) -> TrackingRecord | None:
        """Return the record of the email that a link was made for."""
        link = read(token, self._keys())
        if link is None:
            self._metrics.count("UnsubscribeLinkRejected")
            return None
        records = self._tracking.get_many(link.record_ids).values()
        return next((record for record in records if link.belongs_to(record)), None)

    def _view(self, record: TrackingRecord) -> View:
        address, source = reader_of(record), record.original_source or ""
        policy = self._producers([source]).policies.get(source)
        labels = policy.topics if policy else {}
        own = record.topic or record.template_name or ""
        names = [own, *(name for name in labels if name != own)]
        all_of_source = source_key(address, source)
        entries = self._suppression.get_many([address, all_of_source, *(topic_key(address, name) for name in names)])
        left = {name for name in names if all_of_source in entries or topic_key(address, name) in entries}
        choices = [
            TopicChoice(name=name, label=labels.get(name) or label_of(name), left=name in left) for name in names
        ]
        of_all = entries.get(address)
        return View(
            address=masked(address),
            topic=choices[0],
            others=choices[1:],
            no_bulk_mail=of_all is not None and of_all.blocks(bulk=True, now_text=utc_text(self._clock.now())),
        )


def _changed(view: View, choice: TopicChoice) -> View:
    choices = [choice if other.name == choice.name else other for other in view.choices]
    return msgspec.structs.replace(view, topic=choices[0], others=choices[1:], changed=choice)
