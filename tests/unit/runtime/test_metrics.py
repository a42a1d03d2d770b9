"""Metrics: CloudWatch's Embedded Metric Format, one line per set of dimensions."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sesmail_layer.runtime.metrics import EmfMetrics, settled_at


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_counts_are_added_up_and_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = EmfMetrics("mail", "mail-EmailSender")
    metrics.count("EmailSent")
    metrics.count("EmailSent")
    metrics.count("EmailDelaySeconds", 2.5)
    metrics.flush()
    metrics.flush()

    [line] = lines(capsys)
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "SESMail",
        "Dimensions": [["Name"]],
        "Metrics": [{"Name": "EmailSent", "Unit": "Count"}, {"Name": "EmailDelaySeconds", "Unit": "Count"}],
    }
    assert (line["Name"], line["EmailSent"], line["EmailDelaySeconds"]) == ("mail", 2, 2.5)
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 5


def test_a_metric_with_an_alarm_per_function_has_the_functions_name(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = EmfMetrics("mail", "mail-EmailSender")
    metrics.count("RecordFailed")
    metrics.count("EmailSent")
    metrics.flush()

    by_dimensions = {tuple(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]): line for line in lines(capsys)}
    assert set(by_dimensions) == {("Name",), ("Name", "FunctionName")}
    failed = by_dimensions["Name", "FunctionName"]
    assert (failed["FunctionName"], failed["RecordFailed"]) == ("mail-EmailSender", 1)
    assert "EmailSent" not in failed
    for line in by_dimensions.values():
        for name in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]:
            assert isinstance(line[name], str)


def test_a_producer_s_counts_have_it_as_second_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = EmfMetrics("mail", "mail-EmailSender")
    metrics.count("EmailSent", 3)
    for producer, emails in (("shop", 1), ("shop", 1), ("news", 1)):
        metrics.count_of(producer, "EmailSent", emails)
    metrics.flush()
    metrics.flush()

    all_of_it, shop, news = lines(capsys)
    assert (all_of_it["EmailSent"], shop["EmailSent"], news["EmailSent"]) == (3, 2, 1)
    assert shop["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Name", "Producer"]]
    assert (shop["Name"], shop["Producer"], news["Producer"]) == ("mail", "shop", "news")


def test_without_counts_no_line_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    EmfMetrics("mail", "f").flush()
    assert lines(capsys) == []


def test_a_level_has_its_last_value(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = EmfMetrics("mail", "mail-EmailSender")
    metrics.level("DailyQuotaUsed", 0.5)
    metrics.level("DailyQuotaUsed", 0.25)

    metrics.flush()
    metrics.flush()

    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["DailyQuotaUsed"], line["Name"]) == (0.25, "mail")
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "DailyQuotaUsed", "Unit": "None"}]


def test_a_changed_level_has_a_minute_that_no_older_value_of_another_function_reaches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state is used for at most 15 seconds after a change, by an invocation of at most 60."""
    for second in (0, 1, 44, 45, 59.9):
        minute = settled_at(600 + second)
        assert (minute % 60, minute > 600 + second + 75, minute - 60 <= 600 + second + 75) == (0, True, True)

    monkeypatch.setattr(time, "time", lambda: 600.0)
    written = {}
    for value in (1, 0):
        metrics = EmfMetrics("mail", "mail-FeedbackProcessor")
        metrics.changed("SendingPaused", value)
        metrics.flush()
        metrics.flush()
        written[value] = [(line["_aws"]["Timestamp"] / 1000, line["SendingPaused"]) for line in lines(capsys)]
    assert written == {1: [(600, 1), (720, 1)], 0: [(720, 0)]}
