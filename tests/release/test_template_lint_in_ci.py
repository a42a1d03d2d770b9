"""The lint in other people's CI: the pre-commit hook and the GitHub Action, run with the command of the built wheel."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.release.wheel import ROOT, build_wheel, install_wheel, sesmail

ACTION = ROOT / ".github/actions/template-lint"
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runner's temporary folder, with the environment that the action's first step makes."""
    folder = tmp_path_factory.mktemp("runner")
    install_wheel(build_wheel(folder), folder / "sesmail-template-lint")
    return folder


@pytest.fixture
def repository(runner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's repository with two templates, of which one has an error and a warning."""
    monkeypatch.chdir(tmp_path)
    for name in ("good", "bad"):
        made = sesmail(runner / "sesmail-template-lint", "template", "new", f"templates/{name}")
        assert made.returncode == 0, made.stderr
    html = tmp_path / "templates/bad/template.html"
    html.write_text(
        html.read_text().replace("</body>", '{{ userNam }}\n<p style="display: grid">x</p>\n</body>'), encoding="utf-8"
    )
    return tmp_path


def run_action(runner: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    defaults = {"LINT_PATH": "templates", "LINT_STRICT": "false", "LINT_BULK": "", "LINT_IGNORE": ""}
    variables = {"RUNNER_TEMP": str(runner), "GITHUB_ACTION_PATH": str(ACTION), "PATH": "/usr/bin:/bin"}
    command = ["bash", str(ACTION / "lint.sh")]
    return subprocess.run(command, capture_output=True, text=True, env={**variables, **defaults, **inputs})


def read_annotations(output: str) -> list[dict[str, str]]:
    """Read output as GitHub does: each pattern matches one line, the next pattern the line after it."""
    (matcher,) = json.loads((ACTION / "matcher.json").read_text())["problemMatcher"]
    first, second = matcher["pattern"]
    found = []
    lines = output.splitlines()
    for line, after in itertools.pairwise(lines):
        match = re.search(first["regexp"], line)
        message = re.search(second["regexp"], after)
        if match and message:
            groups = {key: match[first[key]] or "" for key in ("file", "line", "column", "severity", "code")}
            found.append({**groups, "message": message[second["message"]]})
    return found


def findings(runner: Path) -> list[dict[str, Any]]:
    printed = sesmail(runner / "sesmail-template-lint", "template", "lint", "--json").stdout
    return list(json.loads(printed)["findings"])


def test_the_action_annotates_each_finding_at_its_file_and_line(runner: Path, repository: Path) -> None:
    result = run_action(runner)
    expected = findings(runner)
    assert result.returncode == 1, result.stdout + result.stderr
    assert {each["severity"] for each in expected} == {"error", "warning"}
    assert [
        (each["file"], each["line"], each["severity"], each["code"], each["message"])
        for each in read_annotations(result.stdout)
    ] == [
        (
            f"templates/{each['template']}/{each['file']}",
            str(each["line"] or ""),
            each["severity"],
            each["rule"],
            each["message"],
        )
        for each in expected
    ]


def test_the_action_passes_its_inputs_on_as_arguments(runner: Path, repository: Path) -> None:
    assert run_action(runner, LINT_PATH="templates/good").returncode == 0
    assert run_action(runner, LINT_PATH="templates/good", LINT_BULK="good\nother").returncode == 0
    rules = " ".join({each["rule"] for each in findings(runner)})
    assert run_action(runner, LINT_IGNORE=rules, LINT_STRICT="true").returncode == 0
    refused = run_action(runner, LINT_STRICT="yes")
    assert (refused.returncode, "must be 'true' or 'false'" in refused.stdout) == (2, True)


def test_an_input_of_the_action_is_never_part_of_a_script(runner: Path, repository: Path) -> None:
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
    (lint,) = (step for step in action["runs"]["steps"] if "env" in step)
    used = {name for value in lint["env"].values() for name in re.findall(r"inputs\.(\w+)", value)}
    assert used == set(action["inputs"])
    assert run_action(runner, LINT_PATH="$(touch here)").returncode == 2
    assert not (repository / "here").exists()


def test_the_hook_fails_on_an_error_and_passes_without(runner: Path, repository: Path) -> None:
    program, *words = shlex.split(HOOK["entry"])
    assert (program, HOOK["language"], HOOK["pass_filenames"]) == ("sesmail", "python", False)
    environment = runner / "sesmail-template-lint"
    assert sesmail(environment, *words).returncode == 1
    assert sesmail(environment, *words, "templates/good").returncode == 0


@pytest.mark.parametrize(
    ("path", "linted"),
    [
        ("templates/welcome/template.html", True),
        ("mail/welcome/template.fr-CA.txt", True),
        ("templates/welcome/metadata.json", True),
        ("templates/welcome/sample.minimal.json", True),
        ("package.json", False),
        ("src/template.html.py", False),
    ],
)
def test_the_hook_runs_when_a_file_of_a_template_changes(path: str, linted: bool) -> None:
    assert bool(re.search(HOOK["files"], path)) is linted
