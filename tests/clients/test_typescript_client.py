"""The TypeScript client: its generated part, its types, and its own tests."""

from __future__ import annotations

import subprocess

from scripts.typescript_package import SOURCES, install_dependencies, package_version, run_tsc
from sesmail_cli import __version__
from tests.docs.schema_strategies import REQUEST
from tools.generators import typescript_client


def test_the_generated_files_are_up_to_date() -> None:
    assert {path: path.read_text() for path in typescript_client.files()} == typescript_client.files()


def test_a_changed_schema_changes_the_types() -> None:
    changed = {**REQUEST, "$defs": {**REQUEST["$defs"]}}
    request = changed["$defs"]["EmailRequest"]
    added = {**request["properties"], "replyBy": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}}
    changed["$defs"]["EmailRequest"] = {**request, "properties": added}
    assert "  replyBy?: boolean | null;\n" in typescript_client.request_types(changed)


def test_the_package_has_the_version_of_the_release() -> None:
    assert package_version() == __version__


def test_its_own_tests_pass() -> None:
    install_dependencies()
    run_tsc("-p", "tsconfig.test.json")
    files = sorted(str(path) for path in (SOURCES / "build/test").glob("*.test.js"))
    assert len(files) == 3
    done = subprocess.run(["node", "--test", *files], cwd=SOURCES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "# pass 0" not in done.stdout
