"""The Unsubscribe function, put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sesmail_layer.aws.clients import client
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.unsubscribe.page import Page
from sesmail_layer.domain.unsubscribe.view import Problem, View
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.http_api import HttpRequest, answer, read_request
from sesmail_layer.runtime.logging import configure
from sesmail_layer.runtime.metrics import EmfMetrics
from sesmail_layer.runtime.settings import UnsubscribeSettings
from sesmail_layer.usecases.subscriptions import Subscriptions
from sesmail_layer.usecases.unsubscribe_page import UnsubscribePage

_KEY_SECONDS = 60.0
"""After a rotation senders sign with the new key at once: the page must know it soon."""


class Unsubscribe:
    """Made once for a container, called for every request."""

    def __init__(self, settings: UnsubscribeSettings, folder: Path) -> None:
        """`folder` has the page's files."""
        if settings.tracing:
            from sesmail_layer.runtime.parallel import run_all
            from sesmail_layer.runtime.tracing import enable_tracing

            enable_tracing(run_all)
        self._log = configure(settings.log_level, function="Unsubscribe", environment=settings.environment)
        self._metrics = EmfMetrics(settings.name, settings.function_name)
        self._html = _page(folder, settings)
        clock, dynamodb = SystemClock(), client("dynamodb")
        suppression = SuppressionTable(dynamodb, settings.suppression_table, clock)
        bus = StatusBus(client("events"), settings.event_bus_name, settings.status_event_source)
        self._page = UnsubscribePage(
            TrackingTable(dynamodb, settings.tracking_table),
            suppression,
            ProducerStates(dynamodb, settings.control_table).producers,
            Subscriptions(suppression, bus, clock, self._metrics, self._log),
            SecretKeys(client("ssm"), settings.name, clock, fresh_seconds=_KEY_SECONDS).unsubscribe_keys,
            clock,
            self._metrics,
        )

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request of the API."""
        request = read_request(event)
        try:
            status, html = self._html.render(self._run(request), request.languages)
        finally:
            self._metrics.flush()
        return answer(status, "" if request.method == "HEAD" else html, self._html.headers)

    def _run(self, request: HttpRequest) -> View | Problem:
        token = request.parameters.get("token", "")
        try:
            return self._page.change(token, request.form) if request.method == "POST" else self._page.show(token)
        except TransientError as err:
            self._log.error("unsubscribe.unanswered", message=err.message, code=err.code)
            self._metrics.count("RecordFailed")
            return Problem.LATER


def _page(folder: Path, settings: UnsubscribeSettings) -> Page:
    brand = {"companyName": settings.default_sender_name, **settings.brand_variables}
    texts = {path.stem: json.loads(path.read_bytes()) for path in sorted((folder / "locales").glob("*.json"))}
    return Page((folder / "page.html").read_text(), (folder / "page.css").read_text(), texts, brand)
