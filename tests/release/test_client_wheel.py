"""`sesmail-client` as producers install it: from the built wheel, in an empty environment, far from the clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.snippets import snippet
from sesmail_cli import __version__
from tests.docs.pages import DOCS, blocks
from tests.release.wheel import ROOT, build_client_wheel, install_client_wheel

README = ROOT / "clients/python/README.md"
# The bus is in memory; the rest is the installed package.
ON_A_FAKE = """
import json
from unittest import mock
from sesmail_client.testing import FakeSESMailClient
fake = FakeSESMailClient()
with mock.patch("sesmail_client.SESMailClient", return_value=fake):
    exec(open("readme.py").read())
print(json.dumps([sent.request for sent in fake.sent]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_client_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    install_client_wheel(wheel, folder)
    return folder


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in an empty folder, without AWS and without the clone's code on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)

    return run


def test_the_wheel_has_the_version_of_the_release_and_needs_boto3_alone(wheel: Path) -> None:
    assert wheel.name == f"sesmail_client-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        about = archive.read(name).decode()
    assert [line for line in about.splitlines() if line.startswith("Requires-Dist")] == ["Requires-Dist: boto3>=1.34"]
    assert "License-Expression: MIT" in about
    assert {"sesmail_client/py.typed", "sesmail_client/LICENSE"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_two_builds_of_the_wheel_are_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build_client_wheel(tmp_path).read_bytes() == wheel.read_bytes()


def test_the_readme_of_the_package_works(
    environment: Path, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    [code] = [block.code for block in blocks(README) if block.language == "python"]
    (tmp_path / "readme.py").write_text(code)
    done = run(str(environment / "bin/python"), "-c", ON_A_FAKE)
    assert done.returncode == 0, done.stderr
    [request] = json.loads(done.stdout)
    assert request["templateName"] == "purchase-confirmation"
    assert request["emailId"].startswith("about-")


def test_the_test_that_the_page_shows_passes_and_fails_where_the_code_is_wrong(
    environment: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    code = snippet(DOCS / "test-your-code.md", "python", "FakeSESMailClient")
    wrong = code.replace('about=f"order {order_id} confirmation"', 'tags=["a"]')
    for program, fails in ((code, False), (wrong, True)):
        done = run(str(environment / "bin/python"), "-c", f"{program}\ntest_an_order_is_confirmed_once()\n")
        assert bool(done.returncode) is fails, done.stderr


def test_a_client_needs_no_credentials_before_it_sends(
    environment: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    code = "import boto3, sesmail_client as c; c.SESMailClient('a', events=boto3.client('events', 'eu-west-1'))"
    done = run(str(environment / "bin/python"), "-c", code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", ["right_uses.py", "wrong_uses.py"])
def test_mypy_reads_the_types_of_the_installed_package(
    environment: Path, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, file: str
) -> None:
    """Each wrong line of `wrong_uses.py` ignores one error; `--strict` rejects an ignore where there is none."""
    (tmp_path / file).write_text((ROOT / "tests/clients" / file).read_text())
    installed = str(environment / "bin/python")
    done = run(sys.executable, "-m", "mypy", "--strict", "--python-executable", installed, file)
    assert done.returncode == 0, done.stdout


def test_mypy_finds_each_wrong_use(
    environment: Path, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    code = (ROOT / "tests/clients/wrong_uses.py").read_text()
    lines = code.splitlines()
    (tmp_path / "wrong.py").write_text("\n".join(line.partition("  # type: ignore")[0] for line in lines) + "\n")
    installed = str(environment / "bin/python")
    done = run(sys.executable, "-m", "mypy", "--strict", "--python-executable", installed, "wrong.py")
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert found == {number for number, line in enumerate(lines, 1) if "type: ignore" in line}
