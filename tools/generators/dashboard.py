"""Draw the CloudWatch dashboard for docs/dashboard.md, from its own definition in modules/dashboard.

The lines are drawn, not measured: the picture shows which charts there are and what is in each.

`python -m tools.generators.dashboard`
"""

from __future__ import annotations

import math
import re
from html import escape
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "modules/dashboard/main.tf"
PICTURE = ROOT / "docs/dashboard.svg"

_WIDTH, _HEIGHT, _GAP = 380, 210, 12
_COLOURS = ("#1f77b4", "#d9730d", "#2a8a3e", "#b3261e", "#7a4fb5", "#6b7280")
_LOOPS = {
    "rule_names": ("EmailEventRule", "BulkEventRule"),
    "queue_names": ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "FeedbackQueue"),
    "dead_letter_queue_names": (
        "EmailQueueDLQ",
        "BulkQueueDLQ",
        "RetryDLQ",
        "BulkRetryDLQ",
        "FeedbackProcessorDLQ",
        "EventBridgeDLQ",
    ),
    "function_names": ("EmailSender", "FeedbackProcessor"),
}


class Widget(msgspec.Struct, frozen=True):
    """One chart: its title, its statistic and its lines' names."""

    title: str
    stat: str
    lines: tuple[str, ...]


def widgets(definition: str) -> list[Widget]:
    """Read the charts in their order, three in a row."""
    found = re.findall(
        r'\{\s+title\s*=\s*"([^"]+)"\s+stat\s*=\s*"([^"]+)"\s+metrics\s*=\s*(\[.*?)\n      \}', definition, re.S
    )
    return [Widget(title, stat, _lines(metrics)) for title, stat, metrics in found]


def draw(charts: list[Widget]) -> str:
    """Return the picture as SVG, with a description for screen readers."""
    rows = math.ceil(len(charts) / 3)
    width, height = 3 * _WIDTH + 4 * _GAP, rows * _HEIGHT + (rows + 1) * _GAP
    titles = "; ".join(chart.title for chart in charts)
    cells = "\n".join(_draw(chart, number) for number, chart in enumerate(charts))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
 font-family="sans-serif">
<title>The engine's CloudWatch dashboard</title>
<desc>{escape(titles)}</desc>
<rect width="{width}" height="{height}" fill="#f4f5f7"/>
{cells}
</svg>
"""


def _lines(metrics: str) -> tuple[str, ...]:
    if loop := re.search(r"in (?:values\()?var\.(\w+)", metrics):
        return _LOOPS[loop[1]]
    if names := re.search(r"for metric in \[([^\]]+)\]", metrics):
        return tuple(re.findall(r'"([^"]+)"', names[1]))
    return tuple(re.findall(r'\["[\w/]+", "([^"]+)"', metrics))


def _draw(chart: Widget, number: int) -> str:
    left, top = _GAP + number % 3 * (_WIDTH + _GAP), _GAP + number // 3 * (_HEIGHT + _GAP)
    grid = "".join(f'<path d="M16 {y}H364" stroke="#e3e5e8"/>' for y in (60, 90, 120))
    lines = "".join(_line(place, name, number) for place, name in enumerate(chart.lines))
    parts = (
        f'<g transform="translate({left} {top})">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#fff" stroke="#d5d9de"/>',
        f'<text x="16" y="26" font-size="14" font-weight="600" fill="#16191f">{escape(chart.title)}</text>',
        f'<text x="16" y="43" font-size="11" fill="#545b64">{escape(chart.stat)} of 5 minutes</text>',
        f"{grid}{lines}</g>",
    )
    return "".join(parts)


def _line(place: int, name: str, number: int) -> str:
    """Draw a wave of its own for each line, and its name in the legend."""
    colour = _COLOURS[place % len(_COLOURS)]
    base, height = 132 - 13 * place, 6 + (number * 7 + place * 5) % 11
    points = " ".join(
        f"{16 + 12 * step},{base - height * (0.5 + 0.5 * math.sin(step / 4 + number + place)):.1f}"
        for step in range(30)
    )
    x, y = 16 + place % 2 * 176, 158 + place // 2 * 18
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{x + 4}" cy="{y - 4}" r="4" fill="{colour}"/>'
        f'<text x="{x + 13}" y="{y}" font-size="10" fill="#16191f">{escape(name)}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(widgets(DEFINITION.read_text())))
