"""Metrics by CloudWatch's Embedded Metric Format: counted in memory, written as one log line an invocation.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

NAMESPACE = "SESMail"

# Alarmed per function, beside AWS/Lambda's Errors; all other metrics are the stack's.
_BY_FUNCTION = frozenset({"RecordFailed"})


class EmfMetrics:
    """Adds counts up, and keeps levels, until `flush`; the metrics carry the stack's name as their one dimension."""

    def __init__(self, name: str, function_name: str) -> None:
        self._name = name
        self._function_name = function_name
        self._counts: Counter[str] = Counter()
        self._levels: dict[str, float] = {}

    def count(self, name: str, value: float = 1) -> None:
        self._counts[name] += value  # type: ignore[assignment]  # Counter adds floats as well

    def level(self, name: str, value: float) -> None:
        """Sets what has a level rather than a count, such as the share of a quota that is used."""
        self._levels[name] = value

    def flush(self) -> None:
        """Writes what was counted, and starts again at nothing."""
        values: dict[str, float] = {**self._counts, **self._levels}
        for by_function in (False, True):
            some = {name: value for name, value in values.items() if (name in _BY_FUNCTION) is by_function}
            if some:
                sys.stdout.write(json.dumps(self._line(some, by_function)) + "\n")
        self._counts.clear()
        self._levels.clear()

    def _line(self, values: dict[str, float], by_function: bool) -> dict[str, object]:
        dimensions = {"Name": self._name} | ({"FunctionName": self._function_name} if by_function else {})
        return {
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [list(dimensions)],
                        "Metrics": [
                            {"Name": name, "Unit": "None" if name in self._levels else "Count"} for name in values
                        ],
                    }
                ],
            },
            **dimensions,
            **values,
        }
