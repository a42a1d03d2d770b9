"""The picture of the dashboard is drawn from its definition."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from tools.generators.dashboard import DEFINITION, PICTURE, draw, widgets

CHARTS = widgets(DEFINITION.read_text())


def test_every_chart_of_the_definition_is_read_with_its_lines() -> None:
    titles = re.findall(r'title\s+= "([^"]+)"', DEFINITION.read_text())
    assert [chart.title for chart in CHARTS] == titles
    assert all(chart.lines for chart in CHARTS)
    assert CHARTS[1].lines == ("EmailSent", "EmailSunk", "EmailFailed", "EmailDeferred")
    assert CHARTS[3].lines == ("Reputation.BounceRate", "Reputation.ComplaintRate")


def test_the_picture_is_that_of_the_definition() -> None:
    assert PICTURE.read_text() == draw(CHARTS), "run `make docs`"


def test_the_picture_names_every_chart_and_every_line() -> None:
    texts = {text for element in ET.fromstring(PICTURE.read_text()).iter() for text in [element.text] if text}
    assert {chart.title for chart in CHARTS} <= texts
    assert {line for chart in CHARTS for line in chart.lines} <= texts
