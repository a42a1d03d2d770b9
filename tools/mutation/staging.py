"""The tree that mutmut runs in, built for every run: the layer's sources, the unit tests and what they import.

mutmut 3 names a mutant after the path of its file, and that has to be the name it is imported by. So the layer is at
the top of this tree, not under `python/`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tools.mutation import verdicts

ROOT = Path(__file__).resolve().parents[2]
STAGE = ROOT / "build/mutate"

ROOMS = ("domain", "usecases")
EXAMPLES = 20
"""Of each property, the same in every run."""
# Tests that do not run, by name, wherever their file is.
LEFT_OUT = (
    # 20,000 requests and twice the like: the properties in the same file find the same in fewer.
    "test_twenty_thousand_fuzzed_requests_are_taken_or_refused",
    # Starts a process in `python/`, which contains no mutant.
    "test_babel_is_loaded_only_when_a_template_uses_it",
    # Measure time: a busy machine would fail them, too.
    "test_no_template_takes_all_memory_or_time",
    "test_an_event_full_of_unknown_fields_is_read_at_once",
    # Waits for servers that never answer, and reaches no mutant.
    "test_a_server_that_never_answers_is_given_up_on_within_the_function_s_time",
    # Measures a process of its own: mutmut does not see what that reaches.
    "test_what_needs_too_much_is_rejected_before_it_runs",
    # Compares all methods of the ports, and each mutant of a method is one more.
    "test_a_fake_takes_what_its_port_takes",
    # Ten seconds of random templates: the fixed ones in the same file find the same.
    "test_no_error_of_a_random_template_quotes_the_data",
)
# Test files that do not run: they read Terraform, the wall clock or start a process, and test no module of `ROOMS`.
FILES_LEFT_OUT = (
    "test_settings.py",
    "test_time_limit.py",
    "test_tracing.py",
    # Measure memory: slow, and the limits that they measure are tested to the byte.
    "test_prices_measured.py",
    "test_sandbox_fuzz.py",
)
COPIED = {
    "python/sesmail_layer": "sesmail_layer",
    "tests/unit": "tests/unit",
    "tests/cases": "tests/cases",
    "tests/events": "tests/events",
    "tools/mutation": "tools/mutation",
    "tools/simulation": "tools/simulation",
    # The tables that the simulation's fakes are of.
    "modules/tables": "modules/tables",
}

_CONFIGURATION = """
[tool.mutmut]
source_paths = ["sesmail_layer"]
only_mutate = {rooms}
also_copy = ["tools", "modules"]
use_git_change_detection = false
track_dependencies = false

[tool.pytest.ini_options]
addopts = "--import-mode=importlib --strict-markers"
pythonpath = ["."]
xfail_strict = true
"""


def stage() -> None:
    """Build the tree; verdicts of an earlier run that still hold stay in it. One that is current stays as it is."""
    if (STAGE / verdicts.MUTANTS / verdicts.REACHED).exists() and all(
        _files(ROOT / source) == _files(STAGE / target) for source, target in COPIED.items()
    ):
        return
    kept = verdicts.still_valid(STAGE, ROOT)
    shutil.rmtree(STAGE, ignore_errors=True)
    for source, target in COPIED.items():
        shutil.copytree(ROOT / source, STAGE / target, ignore=shutil.ignore_patterns("__pycache__"))
    for package in ("tests", "tools"):
        (STAGE / package / "__init__.py").touch()
    shutil.copy(ROOT / "tests/conftest.py", STAGE / "tests")
    patterns = [f"sesmail_layer/{room}/*" for room in ROOMS]
    (STAGE / "pyproject.toml").write_text(_CONFIGURATION.format(rooms=patterns))
    for path, content in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def _files(folder: Path) -> dict[Path, bytes]:
    """Return what is in a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def selection(root: Path) -> list[str]:
    """Return pytest's arguments for the tests that run."""
    return ["tests/unit", *left_out(root)]


def unit_tests(root: Path) -> list[Path]:
    return sorted((root / "tests/unit").rglob("test_*.py"))


def left_out(root: Path) -> list[str]:
    """Return pytest's arguments that leave out the tests of `LEFT_OUT` and `FILES_LEFT_OUT`.

    Raises `ValueError` for a name that no test or file has.
    """
    found = {
        name: f"--ignore={path.relative_to(root)}" for path in unit_tests(root) if (name := path.name) in FILES_LEFT_OUT
    }
    for path in unit_tests(root):
        defined = set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
        found |= {name: f"--deselect={path.relative_to(root)}::{name}" for name in LEFT_OUT if name in defined}
    if missing := {*LEFT_OUT, *FILES_LEFT_OUT} - found.keys():
        raise ValueError(f"tests/unit has no {', '.join(sorted(missing))}: change tools/mutation/staging.py")
    return list(found.values())
