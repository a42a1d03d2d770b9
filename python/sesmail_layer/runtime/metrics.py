"""Metrics in CloudWatch's Embedded Metric Format: counted in memory, written to the log after each invocation.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping

NAMESPACE = "SESMail"

# A function may still emit a state that it read before a change: a change is in force everywhere within 15 s, and
# metrics are written at the end of an invocation (`email_sender_timeout` is at most 60 s).
_OLD_STATE_SECONDS = 15 + 60
_MINUTE = 60

# Has an alarm per function, like AWS/Lambda's Errors; all other metrics are the engine's.
_BY_FUNCTION = frozenset({"RecordFailed"})


def settled_at(changed_at: float) -> float:
    """Return the first minute in which no function emits a state from before `changed_at`; Unix times.

    An alarm that keeps its state without data goes by the newest minute with a value, and by the largest value in it:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    So the value after a change has a minute of its own. A time stamp may be two hours ahead:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
    """
    return ((changed_at + _OLD_STATE_SECONDS) // _MINUTE + 1) * _MINUTE


class EmfMetrics:
    """Counts and levels since the last `flush`, with the engine's name as their dimension.

    `count_of` counts once more, with a producer as the second dimension: each is a metric that CloudWatch bills.
    """

    def __init__(self, name: str, function_name: str) -> None:
        self._name = name
        self._function_name = function_name
        self._counts: Counter[str] = Counter()
        self._of_producers: dict[str, Counter[str]] = {}
        self._levels: dict[str, float] = {}
        self._settled: dict[str, float] = {}
        self._highest: dict[str, float] = {}

    def count(self, name: str, value: float = 1) -> None:
        self._counts[name] += value  # type: ignore[assignment]  # Counter adds floats as well

    def count_of(self, producer: str, name: str, value: int) -> None:
        """Count for one producer; the engine's own metric of that name is counted by itself."""
        self._of_producers.setdefault(producer, Counter())[name] += value

    def level(self, name: str, value: float) -> None:
        """Set a metric that is a level, not a count, such as the used share of a quota."""
        self._levels[name] = value

    def changed(self, name: str, value: float) -> None:
        """Set a level to what it changed to: a rise at once, and either when no function emits the older value."""
        if value:
            self.level(name, value)
        self._settled[name] = value

    def highest(self, name: str, seconds: float) -> None:
        """Keep the largest of a metric's values, in seconds."""
        self._highest[name] = max(seconds, self._highest.get(name, 0.0))

    def flush(self) -> None:
        """Write all metrics and reset them."""
        values: dict[str, float] = {**self._counts, **self._levels, **self._highest}
        for by_function in (False, True):
            some = {name: value for name, value in values.items() if (name in _BY_FUNCTION) is by_function}
            if some:
                more = {"FunctionName": self._function_name} if by_function else {}
                sys.stdout.write(json.dumps(self._line(some, more)) + "\n")
        for producer, counts in self._of_producers.items():
            sys.stdout.write(json.dumps(self._line(dict(counts), {"Producer": producer})) + "\n")
        if self._settled:
            sys.stdout.write(json.dumps(self._line(self._settled, {}, settled_at(time.time()))) + "\n")
        self._counts.clear()
        self._of_producers.clear()
        self._levels.clear()
        self._settled.clear()
        self._highest.clear()

    def _line(self, values: Mapping[str, float], more: Mapping[str, str], at: float | None = None) -> dict[str, object]:
        """Return the line of metrics that have the engine's name and `more` as dimensions; `at`: now, if not given."""
        dimensions = {"Name": self._name, **more}
        return {
            "_aws": {
                "Timestamp": int((time.time() if at is None else at) * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [list(dimensions)],
                        "Metrics": [{"Name": name, "Unit": self._unit(name)} for name in values],
                    }
                ],
            },
            **dimensions,
            **values,
        }

    def _unit(self, name: str) -> str:
        if name in self._highest:
            return "Seconds"
        return "None" if name in self._levels or name in self._settled else "Count"
