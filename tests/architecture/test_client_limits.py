"""No code that runs for users makes an AWS client without time-outs of its own: the SDKs' are a minute, or none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import ROOT, sources

USED = ("python", "functions", "tools/aws_check")
# `boto3.client(…)`, `self._session.client(…)`, `session().create_client(…)`
MAKER = re.compile(r"(?:\b|_)(?:boto3|session(?:\(\))?)\.(?:client|resource|create_client)$")


def calls(name: re.Pattern[str]) -> Iterator[tuple[str, set[str | None]]]:
    """Yield the place of each call of that name, and its keywords."""
    for folder in USED:
        for source in sources(folder):
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and name.search(ast.unparse(node.func)):
                    place = f"{source.path.relative_to(ROOT)}:{node.lineno}"
                    yield place, {keyword.arg for keyword in node.keywords}


def test_every_client_is_made_with_a_config() -> None:
    made = list(calls(MAKER))
    assert len(made) > 15
    assert [place for place, keywords in made if "config" not in keywords] == []


def test_every_config_has_both_time_outs() -> None:
    made = [(place, keywords) for place, keywords in calls(re.compile(r"^Config$")) if keywords]
    assert len(made) > 5
    assert [place for place, keywords in made if not {"connect_timeout", "read_timeout"} <= keywords] == []


def test_the_typescript_client_makes_none_without_limits() -> None:
    texts = [path.read_text() for path in sorted((ROOT / "clients/typescript/src").rglob("*.ts"))]
    made = [arguments for text in texts for arguments in re.findall(r"new (?:EventBridge|SQS)Client\((.*?)\)", text)]
    assert made == ["{ requestHandler: LIMITS }"] * 2
