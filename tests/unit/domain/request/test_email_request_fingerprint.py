"""A request's fingerprint is stored: every version has to find the same one for the same request."""

from __future__ import annotations

import datetime

from sesmail_layer.domain.request.email_request import fingerprint

DETAIL = {"to": "ada@example.com", "templateName": "welcome", "templateData": {"b": [1, 2.5, None], "a": "ü"}}


def test_it_is_the_same_in_every_version() -> None:
    assert fingerprint(DETAIL, "shop") == "96908e80432c7498e6776ec8f81538f3e877869f3d7d7b2dc1580218f133edcf"


def test_order_nulls_and_the_id_are_no_difference_and_all_else_is() -> None:
    turned = {"templateData": {"a": "ü", "b": [1, 2.5, None]}, "cc": None, "templateName": "welcome", "emailId": "x"}

    assert fingerprint({**turned, "to": "ada@example.com"}, "shop") == fingerprint(DETAIL, "shop")
    assert fingerprint(DETAIL, "blog") != fingerprint(DETAIL, "shop")
    assert fingerprint({**DETAIL, "to": "eve@example.com"}, "shop") != fingerprint(DETAIL, "shop")


def test_what_json_does_not_know_is_no_error() -> None:
    assert fingerprint({**DETAIL, "when": datetime.date(2026, 11, 24)}, "shop")


def test_a_request_that_is_too_deep_to_be_written_differs_from_another_source_s() -> None:
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert fingerprint(deep, "shop") != fingerprint(deep, "blog")
    assert fingerprint(deep, "shop") == fingerprint(deep, "shop")
