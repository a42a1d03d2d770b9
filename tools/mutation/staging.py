"""A tree of its own for mutmut, made anew for every run: the layer's sources, the unit tests and what they read.

mutmut 3 names a mutant after the path of its file and needs that to be the name it is imported by, so the layer stands
at the top here, not under `python/`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGE = ROOT / "build/mutate"

ROOMS = ("domain", "usecases")
EXAMPLES = 20
"""Of each property, the same in every run."""
LEFT_OUT = (
    # 20,000 requests and twice the like: what they find, the properties beside them find in fewer.
    "tests/unit/test_email_request_properties.py::test_twenty_thousand_fuzzed_requests_are_taken_or_refused",
    # A process of its own knows no mutant; and it starts in `python/`.
    "tests/unit/test_formatting.py::test_babel_is_loaded_only_when_a_template_uses_it",
    # Judged by the clock as well, and a busy machine is no change.
    "tests/unit/test_sandbox.py::test_no_template_takes_all_memory_or_time",
    "tests/unit/test_email_request.py::test_an_event_full_of_unknown_fields_is_read_at_once",
    # Not of the two rooms: read Terraform, or the wall clock.
    "tests/unit/runtime/test_settings.py",
    "tests/unit/runtime/test_time_limit.py",
)

_CONFIGURATION = """
[tool.mutmut]
source_paths = ["sesmail_layer"]
only_mutate = {only}
also_copy = ["mutation", "preload.txt"]
pytest_add_cli_args = ["-p", "tools.mutation.plugin"]
pytest_add_cli_args_test_selection = {selection}
# Its parent runs no test, so that no cache is warm when a mutant starts. It imports the tests and collects none:
# pytest gives tests other ids when it collects them a second time, and then finds none that is asked for.
process_isolation = "forkserver"
forkserver_warmup = "import"
preload_modules_file = "preload.txt"
# A mutant's tests may take six times what they take, and twelve seconds.
timeout_multiplier = 6.0
timeout_constant = 2.0
use_git_change_detection = false
track_dependencies = false

[tool.pytest.ini_options]
addopts = "--import-mode=importlib --strict-markers"
pythonpath = ["."]
xfail_strict = true
"""


def stage(only: list[str]) -> Path:
    """Makes the tree; `only` are patterns of files below the layer, such as `domain/guards/breaker.py`."""
    shutil.rmtree(STAGE, ignore_errors=True)
    copied = {"python/sesmail_layer": "sesmail_layer", "tests/unit": "tests/unit", "tests/events": "tests/events"}
    for source, target in {**copied, "mutation": "mutation"}.items():
        shutil.copytree(ROOT / source, STAGE / target, ignore=shutil.ignore_patterns("__pycache__"))
    (STAGE / "tests/__init__.py").touch()
    shutil.copy(ROOT / "tests/conftest.py", STAGE / "tests")
    tests = sorted((STAGE / "tests/unit").glob("test_*.py"))
    (STAGE / "preload.txt").write_text("".join(f"tests.unit.{test.stem}\n" for test in tests))
    selection = ["tests/unit", *(part for name in LEFT_OUT for part in (_leave_out(name), name))]
    patterns = [f"sesmail_layer/{pattern}" for pattern in only]
    (STAGE / "pyproject.toml").write_text(_CONFIGURATION.format(only=patterns, selection=selection))
    return STAGE


def _leave_out(name: str) -> str:
    return "--deselect" if "::" in name else "--ignore"
