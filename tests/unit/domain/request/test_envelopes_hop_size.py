"""What a hop adds to a message: its own notes, and nothing else."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.request.envelopes import HOP_KB, Hop, open_envelope, pack_request, unpack_request, with_hop

LARGEST_HOP = Hop(
    attempt=99_999,
    noted="x" * 40,
    give_up_at=1_795_516_260.123456,
    counted=True,
    contacts_counted=True,
    lane="bulk",
    record_id="x" * 128 + "#" + "f" * 16,
    not_before=1_795_516_260.123456,
    accepted_at=1_795_516_260.123456,
)
NOTES = 600


def body_of(detail: str) -> str:
    return '{"id":"event","source":"shop","detail-type":"Email Request","detail":' + detail + "}"


def grown(body: str, again: str) -> int:
    return len(again.encode()) - len(body.encode())


@pytest.mark.parametrize(
    "value",
    ["1e15", "1E+15", "1e-6", "-0", "0.1e1", "5e-324", '"\\u00fc"', '"\\/"', '"\\u0041"', '"ü😀"', '"\\u2028"', "[ ]"],
)
def test_numbers_and_escapes_are_passed_on_as_they_were_written(value: str) -> None:
    detail = f'{{"to":"a@example.com","templateData":{{"x":[{",".join([value] * 1_000)}]}}}}'
    again = with_hop(open_envelope(body_of(detail)), LARGEST_HOP)
    assert f'"detail":{detail}' in again
    assert grown(body_of(detail), again) < NOTES


def test_a_soft_bounce_s_retry_passes_it_on_as_it_was_written() -> None:
    detail = '{"templateData":{"x":[' + ",".join(["1e15"] * 1_000) + "]}}"
    kept = pack_request(open_envelope(body_of(detail)), 1, LARGEST_HOP)
    assert kept is not None
    envelope = unpack_request(kept, 1_795_516_260.123456)
    again = with_hop(envelope, envelope.hop)
    assert f'"detail":{detail}' in again
    assert grown(body_of(detail), again) < NOTES


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON, st.booleans(), st.sampled_from([None, 2]))
def test_many_hops_add_what_one_adds(detail: object, ascii_only: bool, indent: int | None) -> None:
    body = body_of(json.dumps(detail, ensure_ascii=ascii_only, indent=indent))
    again = body
    for _ in range(5):
        again = with_hop(open_envelope(again), LARGEST_HOP)
    assert json.loads(again)["detail"] == json.loads(body)["detail"]
    assert grown(body, again) < NOTES < HOP_KB * 1024
    assert open_envelope(again).detail == open_envelope(body).detail


def test_the_largest_number_is_the_same_after_a_hop() -> None:
    envelope = open_envelope(body_of(str(sys.float_info.max)))
    assert open_envelope(with_hop(envelope, LARGEST_HOP)).detail == sys.float_info.max
