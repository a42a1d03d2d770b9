"""What a function does before its first call, counted: modules, packages and clients of the built archives.

`make bench` measures the time; here only the imports are timed, as a ratio within one run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest

from scripts.package import FUNCTIONS
from tests.functions.conftest import Package
from tests.functions.test_email_sender import DETAIL, message, request, send
from tools.bench.ratios import interleave

_SENDER, _FEEDBACK, _SEEDER, _UNSUBSCRIBE = FUNCTIONS
# Modules besides botocore's: the layer's own, and those of other packages and the standard library. A little above
# what there is.
MAX_MODULES = {_SENDER: (100, 65), _FEEDBACK: (82, 42), _SEEDER: (38, 70), _UNSUBSCRIBE: (68, 63)}
PACKAGES = {
    _SENDER: {"handler", "sesmail_layer", "msgspec", "structlog", "jinja2", "markupsafe"},
    _FEEDBACK: {"handler", "sesmail_layer", "msgspec", "structlog"},
    _SEEDER: {"handler", "sesmail_layer", "msgspec", "structlog"},
    _UNSUBSCRIBE: {"handler", "sesmail_layer", "msgspec", "structlog", "jinja2", "markupsafe"},
}
MAX_IMPORT_RATIO = 1.3
"""Of importing boto3 and creating a client. Measured: 0.9; without the layer's care 1.1."""

_MODULES = "import json, sys; print(json.dumps({n: str(getattr(m, '__file__', '')) for n, m in sys.modules.items()}))"


def run(code: str, path: Sequence[Path]) -> str:
    """Run code in an interpreter that finds only the standard library and these folders; return its output."""
    start = f"import sys; sys.path[:0] = {[str(folder) for folder in path]}; sys.dont_write_bytecode = True; "
    command = [sys.executable, "-I", "-S", "-c", start + code]
    return subprocess.run(command, env={}, capture_output=True, text=True, check=True).stdout


def modules(code: str, path: Sequence[Path]) -> dict[str, str]:
    """The modules that code imports, with their files."""
    found: dict[str, str] = json.loads(run(f"{code}; {_MODULES}", path))
    return found


def imported(package: Package, boto3_alone: Path, function: str) -> dict[str, str]:
    """The modules that importing a function adds to botocore's."""
    path = [*package.path_of(function, "layer"), boto3_alone]
    before = modules("import botocore.session, botocore.config", path)
    return {name: file for name, file in modules("import handler", path).items() if name not in before}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_function_imports_only_the_packages_that_every_first_call_needs(
    package: Package, boto3_alone: Path, function: str
) -> None:
    found = imported(package, boto3_alone, function)
    archives = tuple(str(folder) for folder in package.path_of(function, "layer"))
    assert {name.partition(".")[0] for name, file in found.items() if file.startswith(archives)} == PACKAGES[function]
    assert not {"boto3", "zoneinfo", "sysconfig"} & found.keys()


@pytest.mark.parametrize("function", [_SENDER, _FEEDBACK, _UNSUBSCRIBE])
def test_importing_a_function_collects_no_garbage_and_leaves_asyncio_out(
    package: Package, boto3_alone: Path, function: str
) -> None:
    code = (
        "import gc, json, sys, botocore.session; passes = lambda: sum(one['collections'] for one in gc.get_stats());"
        "before = passes(); import handler; print(json.dumps([passes() - before, 'asyncio' in sys.modules]))"
    )
    passes, has_asyncio = json.loads(run(code, [*package.path_of(function, "layer"), boto3_alone]))
    # One may fall before the collector is off.
    assert passes <= 1
    assert not has_asyncio


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_function_imports_few_modules(package: Package, boto3_alone: Path, function: str) -> None:
    found = imported(package, boto3_alone, function)
    own = [name for name in found if name.startswith("sesmail_layer")]
    most_own, most_others = MAX_MODULES[function]
    assert len(own) <= most_own
    assert len(found) - len(own) <= most_others


def test_the_first_email_creates_each_client_once_and_imports_no_further_package(package: Package) -> None:
    first = send(package, message("m-1", request("e-1", {**DETAIL, "emailId": "order-1"})))

    assert first.record("order-1")["status"] == "sent"
    # The quota is not cached in a new engine: `ses` asks for it.
    assert first.clients == ["dynamodb", "ssm", "ses", "s3", "sesv2", "events"]
    # moto's `requests` imports idna.
    assert set(first.packages) - {"idna"} == PACKAGES[_SENDER]


def test_importing_a_function_and_creating_a_client_takes_little_longer_than_with_boto3_alone(
    package: Package, boto3_alone: Path
) -> None:
    environment = "import os, time; os.environ |= {'AWS_DEFAULT_REGION': 'eu-west-1', 'AWS_ACCESS_KEY_ID': 'test'," + (
        "'AWS_SECRET_ACCESS_KEY': 'test'}; start = time.process_time(); "
    )
    end = "; print(time.process_time() - start)"
    function = "import handler; from sesmail_layer.aws.clients import client; client('dynamodb').meta"
    path = [*package.path_of(_SENDER, "layer"), boto3_alone]

    rounds = interleave(
        5,
        lambda: 1000 * float(run(environment + function + end, path)),
        lambda: 1000 * float(run(environment + "import boto3; boto3.client('dynamodb')" + end, [boto3_alone])),
    )

    assert median(ours / bare for ours, bare in rounds) <= MAX_IMPORT_RATIO
