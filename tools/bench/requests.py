"""What AWS bills for ten emails: counted from the real code, in one batch and in ten batches of one."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import msgspec
import pytest

from tests.docs.test_request_counts import BATCH, measured


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request, for ten emails."""

    who: str
    call: str
    in_one_batch: int
    one_at_a_time: int


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """All requests, and the write units of the tracking table with its indexes, for ten emails."""

    asked: list[Asked]
    write_units: int
    emails: int = BATCH


def measure() -> Requests:
    with redirect_stdout(io.StringIO()):
        with pytest.MonkeyPatch.context() as patch:
            batched, units = measured(patch, BATCH)
        with pytest.MonkeyPatch.context() as patch:
            single, _ = measured(patch, 1)
    asked = [
        Asked(who=who, call=call, in_one_batch=batched.get((who, call), 0), one_at_a_time=single.get((who, call), 0))
        for who, call in sorted(batched.keys() | single.keys())
    ]
    return Requests(asked=asked, write_units=sum(units.values()))
