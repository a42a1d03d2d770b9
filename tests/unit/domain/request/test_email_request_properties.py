"""Any input as a request: it is accepted, or rejected by name, and no message contains private data."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sesmail_layer.domain.mime import custom_line
from sesmail_layer.domain.request.email_request import FIELDS, EmailRequest, fingerprint, parse_request
from sesmail_layer.domain.request.envelopes import with_storable_numbers
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.times import utc_seconds, utc_text

NOW = 1_795_000_000.0
SEED = int(os.environ.get("SESMAIL_FUZZ_SEED", "20261124"))
FUZZED = 20_000
PRIVATE = "private.person"
"""Stands before the @ of every address that is put in: no refusal may say it."""

addresses = st.builds(
    f"{PRIVATE}{{}}@{{}}".format, st.text(max_size=5), st.sampled_from(["example.com", "nowhere", "a.b"])
)
# Half surrogate pairs and numbers that are none included: JSON can say them.
texts = st.text(st.characters())
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
json_values = st.recursive(
    scalars | addresses,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | addresses, inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(FIELDS) | st.text(st.characters(), max_size=20) | addresses
details = st.dictionaries(names, json_values, max_size=8)


def outcome(detail: object) -> EmailRequest | Refusal:
    """Reads a detail; lets nothing pass but a request or a refusal that is fit to be shown."""
    try:
        request, unknown = parse_request(detail, now=NOW)
    except Refusal as err:
        refusal = err
    else:
        assert PRIVATE not in "".join(unknown)
        assert isinstance(detail, dict)
        assert fingerprint(detail, "source")
        assert_as_sent(request)
        json.dumps(msgspec.to_builtins(request), ensure_ascii=False, allow_nan=False).encode()
        return request
    assert refusal.message.startswith("Validation error: ")
    assert PRIVATE not in refusal.message
    assert SECRET not in refusal.message
    assert refusal.message.isprintable()
    assert len(refusal.message) < 500
    return refusal


def assert_as_sent(request: EmailRequest) -> None:
    """Every mailbox once, times and locale as the engine writes them, header lines in ASCII and of bounded length."""
    recipients = [address.casefold() for address in (request.to, *request.cc, *request.bcc)]
    assert len(set(recipients)) == len(recipients)
    assert "_" not in (request.locale or "")
    for time in (request.send_at, request.expires_at):
        assert time is None or utc_text(utc_seconds(time)) == time
    for name, value in request.headers.items():
        line = custom_line(name, value)
        assert line.isascii()
        assert max(map(len, line.split("\r\n"))) <= 998
    assert request.metadata == with_storable_numbers(request.metadata)


@given(json_values)
def test_any_json_is_a_request_or_a_refusal(detail: object) -> None:
    outcome(detail)


@given(details)
@example({"to": "a@b.co", "templateName": "t", "senderOverride": {f"{PRIVATE}@example.com": 1}})
def test_any_object_is_a_request_or_a_refusal(detail: dict[str, Any]) -> None:
    outcome({"to": "john@example.com", "templateName": "welcome", **detail})


@given(st.sampled_from([name for name in FIELDS if name != "to"]), json_values)
def test_any_value_in_any_field_is_accepted_or_rejected(field: str, value: object) -> None:
    outcome({"to": "john@example.com", "templateName": "welcome", field: value})


CONTROLS = [chr(code) for code in (*range(32), 127, *range(128, 160), 0x2028, 0x2029)]


@pytest.mark.parametrize(
    "detail",
    [
        lambda text: {"to": f"john@example.com{text}"},
        lambda text: {"to": f"john{text}@example.com"},
        lambda text: {"cc": [f"{text}john@example.com"]},
        lambda text: {"replyTo": f"john@example.com{text}"},
        lambda text: {"subject": f"Hello{text}Bcc: x"},
        lambda text: {"subject": f"Hello{text}"},
        lambda text: {"senderOverride": {"name": f"Shop{text}"}},
        lambda text: {"senderOverride": {"email": f"john@example.com{text}"}},
        lambda text: {"headers": {"X-A": f"a{text}"}},
        lambda text: {"headers": {f"X-A{text}": "a"}},
        lambda text: {"listUnsubscribe": {"url": f"https://example.com/{text}"}},
        lambda text: {"listUnsubscribe": {"mailto": f"john@example.com{text}"}},
        lambda text: {"attachments": [{"filename": "a", "contentBase64": "", "contentType": f"a/b{text}"}]},
        lambda text: {"attachments": [{"filename": "a", "contentBase64": "", "contentId": f"a{text}"}]},
        lambda text: {"templateName": f"welcome{text}"},
        lambda text: {"emailId": f"id{text}"},
        lambda text: {"locale": f"fr{text}"},
    ],
    ids=["to, end", "to", "cc", "replyTo", "subject", "subject, end", "name", "email", "header", "header's name", "url",
         "mailto", "contentType", "contentId", "templateName", "emailId", "locale"],
)  # fmt: skip
def test_control_characters_are_rejected_wherever_they_could_reach_a_header(
    detail: Callable[[str], dict[str, Any]],
) -> None:
    for control in CONTROLS:
        made = outcome({"to": "john@example.com", "templateName": "welcome", **detail(control)})
        assert isinstance(made, Refusal), f"U+{ord(control):04X}"
    assert isinstance(outcome({"to": "john@example.com", "templateName": "welcome", **detail("")}), EmailRequest)


@given(st.text())
def test_a_template_s_name_never_leaves_its_folder(name: str) -> None:
    made = outcome({"to": "john@example.com", "templateName": name})
    if isinstance(made, EmailRequest):
        assert re.fullmatch(r"[A-Za-z0-9_-]+", made.template_name, re.ASCII)


SECRET = "quite secret words"
"""Stands in every subject, name, file name, header and link."""

# A request that has everything, and what a fuzzer does to its values.
_WHOLE: dict[str, Any] = {
    "to": f"{PRIVATE}@example.com",
    "templateName": "welcome",
    "templateData": {"a": [1, {"b": None}]},
    "emailId": "order-1",
    "subject": f"Hello {SECRET}",
    "senderOverride": {"email": f"{PRIVATE}@example.com", "name": SECRET},
    "replyTo": [f"{PRIVATE}@example.com"],
    "metadata": {"order": 1, "long": 2**60, "fraction": 0.1234567890123456789, "huge": 10**40},
    "cc": [f"{PRIVATE}1@example.com"],
    "bcc": [f"{PRIVATE}2@example.com"],
    "attachments": [
        {"filename": f"{SECRET}.pdf", "contentBase64": "AA\r\nAA", "contentType": "application/pdf"},
        {"filename": f"{SECRET}.ics", "contentBase64": "", "contentType": 'text/calendar; method=REQUEST; charset="x"'},
    ],
    "headers": {"X-A": SECRET, "References": "<a@b.co> <c@d.co>", "List-Help": f"<https://b.co/?a=?b> ({SECRET} ü)"},
    "listUnsubscribe": {"url": "HTTPS://example.com/u", "mailto": f"MailTo:{PRIVATE}@example.com"},
    "priority": "bulk",
    "sendAt": "2026-11-24t10:31:00.5z",
    "expiresAt": "2026-12-24T10:31:00Z",
    "locale": "fr_CA",
    "sensitive": True,
}
_ODD: list[Any] = [
    None, True, False, 0, -1, 2**70, 1e300, "", " ", "\r\n", "\x00", "a\nBcc: b",
    "../..", "ü", "😀" * 300, "=?utf-8?q?=0A?=",
    f"{PRIVATE}@example.com", f"{PRIVATE} smith@example.com", [], {}, [[]], {"": ""}, [None],
    {"a": {"a": {}}}, "x" * 2000,     [f"{PRIVATE}@example.com"] * 60, "{{ 7 * 7 }}", "s3://bucket/../x",
    "9999-99-99T99:99:99Z", "2026-W48-2T10:31:00Z", "text/plain; charset=\"a\\\"",
    "<ü@b.co>", "=?utf-8?q?x?=", "\u202e",
    "javascript:alert(1)", "\ud800", "a\udc00@b.co", float("nan"), float("-inf"), 10**400,
]  # fmt: skip


def mutated(chance: random.Random, value: Any) -> Any:
    """Gives a value that is replaced, cut, joined, doubled or renamed somewhere."""
    roll = chance.random()
    if roll < 0.3:
        return chance.choice(_ODD)
    if isinstance(value, dict) and value:
        name = chance.choice(list(value))
        rest = {other: inner for other, inner in value.items() if other != name}
        if roll < 0.4:
            return {**value, str(chance.choice(_ODD)): chance.choice(_ODD)}
        if roll < 0.5:
            return {
                **rest,
                chance.choice([name.upper(), name + " ", name[1:], f"{name}s", "From", "html_body", SECRET]): value[
                    name
                ],
            }
        return {**rest, name: mutated(chance, value[name])}
    if isinstance(value, list) and value:
        return [*value * chance.choice([1, 1, 2, 30]), mutated(chance, chance.choice(value))]
    if isinstance(value, str):
        cut = chance.randrange(len(value) + 1)
        return value[:cut] + str(chance.choice(_ODD)) + value[cut:]
    return value


def fuzzed(chance: random.Random) -> dict[str, Any]:
    """Gives some fields of the whole request, one or two of them gone wrong."""
    detail = {name: value for name, value in _WHOLE.items() if name in ("to", "templateName") or chance.random() < 0.4}
    for name in chance.sample(list(detail), k=chance.choice([1, 1, 2])):
        detail[name] = mutated(chance, detail[name])
    return mutated(chance, detail) if chance.random() < 0.1 else detail


def test_twenty_thousand_fuzzed_requests_are_taken_or_refused() -> None:
    """A run is repeated by its seed: SESMAIL_FUZZ_SEED=…"""
    taken = 0
    for number in range(FUZZED):
        detail = fuzzed(random.Random(f"{SEED}/{number}"))
        try:
            taken += isinstance(outcome(detail), EmailRequest)
        except Exception as err:
            pytest.fail(f"seed {SEED}, request {number}: {type(err).__name__}: {err}\n{json.dumps(detail)[:3000]}")
    assert FUZZED * 0.05 < taken < FUZZED * 0.95, f"{taken} taken: always or never refused, it tries nothing"
