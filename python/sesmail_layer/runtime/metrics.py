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
    """Adds counts up until `flush`; the metrics carry the stack's name as their one dimension."""

    def __init__(self, name: str, function_name: str) -> None:
        self._name = name
        self._function_name = function_name
        self._counts: Counter[str] = Counter()

    def count(self, name: str, value: float = 1) -> None:
        self._counts[name] += value  # type: ignore[assignment]  # Counter adds floats as well

    def flush(self) -> None:
        """Writes what was counted, and starts again at nothing."""
        for by_function in (False, True):
            counts = {name: n for name, n in self._counts.items() if (name in _BY_FUNCTION) is by_function}
            if counts:
                sys.stdout.write(json.dumps(self._line(counts, by_function)) + "\n")
        self._counts.clear()

    def _line(self, counts: dict[str, int], by_function: bool) -> dict[str, object]:
        dimensions = {"Name": self._name} | ({"FunctionName": self._function_name} if by_function else {})
        return {
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [list(dimensions)],
                        "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
                    }
                ],
            },
            **dimensions,
            **counts,
        }
