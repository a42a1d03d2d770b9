"""What only AWS can answer: read from answers in AWS's form, since no emulator gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.aws_check import runtime
from tools.aws_check.engine import Engine
from tools.aws_check.results import CheckFailedError, NotPossibleError

# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
COLD = (
    "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 15.74 ms\tBilled Duration: 148 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 109 MB\tInit Duration: 131.10 ms\t\n"
    "XRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\tSegmentId: 07f5xmpl2d1f6f85\tSampled: true\t\n"
)
WARM = (
    "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 215.74 ms\tBilled Duration: 216 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 112 MB\t\n"
)
DENIED = ClientError({"Error": {"Code": "400", "Message": ""}}, "GetTraceSummaries")


class Logs:
    """CloudWatch Logs with the same lines in each group, on two pages."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def get_paginator(self, _: str) -> Logs:
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [{"events": [{"message": line} for line in page]} for page in (self.lines[:1], self.lines[1:])]


class XRay:
    """X-Ray that has traces once tracing is on."""

    def __init__(self, before: int = 0, error: Exception | None = None) -> None:
        self.traces, self.error = before, error

    def get_trace_summaries(self, **_: object) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"TraceSummaries": [{}] * self.traces}


def with_client(engine: Engine, client: object, *, emulated: bool = False) -> Engine:
    engine.client = lambda _: client  # type: ignore[assignment]
    engine.account.__dict__["is_emulated"] = emulated
    return engine


def test_a_cold_start_is_read_from_the_report_line(engine: Engine) -> None:
    found = runtime.check_cold_starts(with_client(engine, Logs(COLD, WARM, "a line of ours")))
    expected = {
        "invocations": 2,
        "cold_starts": 1,
        "init_ms_max": 131.1,
        "duration_ms_max": 215.74,
        "memory_mb_max": 112,
    }
    assert found == {"EmailSender": expected, "FeedbackProcessor": expected}


def test_without_a_cold_start_the_check_fails_on_aws_and_is_a_gap_of_an_emulator(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "LOG_SECONDS", 0.0)
    with pytest.raises(CheckFailedError, match="Init Duration"):
        runtime.check_cold_starts(with_client(engine, Logs(WARM)))
    with pytest.raises(NotPossibleError):
        runtime.check_cold_starts(with_client(engine, Logs(WARM), emulated=True))
    # No line at all is no gap: the function did not run.
    with pytest.raises(CheckFailedError):
        runtime.check_cold_starts(with_client(engine, Logs(), emulated=True))


@pytest.fixture
def traced(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[XRay, bool], Engine]:
    """Return a function that gives the engine this X-Ray; a request after the switch makes a trace."""

    def prepare(xray: XRay, emulated: bool) -> Engine:
        switched: list[bool] = []
        monkeypatch.setattr(engine.deployment, "trace", lambda: switched.append(True))

        def put(_: object) -> None:
            xray.traces = 1 if switched else 0

        monkeypatch.setattr(engine, "put_requests", put)
        return with_client(engine, xray, emulated=emulated)

    return prepare


def test_tracing_is_switched_on_and_the_next_email_has_a_trace(traced: Callable[[XRay, bool], Engine]) -> None:
    assert runtime.check_traces(traced(XRay(), False)) == {"traces": 1}


def test_a_trace_without_tracing_fails(traced: Callable[[XRay, bool], Engine]) -> None:
    with pytest.raises(CheckFailedError, match="Tracing is off, and X-Ray has 2 traces"):
        runtime.check_traces(traced(XRay(before=2), False))


def test_an_x_ray_that_does_not_answer_is_a_gap_of_an_emulator_only(traced: Callable[[XRay, bool], Engine]) -> None:
    with pytest.raises(NotPossibleError):
        runtime.check_traces(traced(XRay(error=DENIED), True))
    with pytest.raises(ClientError):
        runtime.check_traces(traced(XRay(error=DENIED), False))


def test_latencies_are_percentiles_of_the_emails_with_both_times(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(email_id: str) -> dict[str, str]:
        seconds = len(email_id) % 10
        times = {"timestamp": "00.000", "sentAt": "01.500", "deliveredAt": f"0{seconds}.500"}
        return {name: f"2026-11-28T10:00:{at}Z" for name, at in times.items()}

    monkeypatch.setattr(engine, "record", record)
    found = runtime.check_latency(engine)
    assert found["emails"] == 10
    assert found["seconds_to_ses"] == {"p50": 1.5, "p90": 1.5, "max": 1.5}
    assert found["seconds_to_recipient"]["max"] > found["seconds_to_recipient"]["p50"]
