"""The starters as they are installed, and data to render them with."""

from pathlib import Path

import pytest

from sesmail_cli.templates.files import TemplateFiles, load_templates

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "templates"
STARTERS = {template.name: template for template in load_templates(str(SOURCES))}


@pytest.fixture(params=sorted(STARTERS))
def starter(request: pytest.FixtureRequest) -> TemplateFiles:
    return STARTERS[request.param]
