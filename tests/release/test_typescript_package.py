"""`@sesmail/client` as producers install it: from the packed archive, far from the clone, with the pinned AWS SDK."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from localcloud.snippets import snippet
from scripts.typescript_package import PackageError, build_package, run_tsc
from sesmail_cli import __version__
from tests.docs.pages import DOCS, blocks
from tests.release.typescript_project import install_package, install_sdk
from tests.release.wheel import ROOT

USES = ROOT / "tests/clients/typescript"
TESTING = DOCS / "test-your-code.md"
README = ROOT / "clients/typescript/README.md"
# As strict as a project of today; the types of the SDK are not ours to check.
OPTIONS = {
    "noEmit": True,
    "strict": True,
    "exactOptionalPropertyTypes": True,
    "skipLibCheck": True,
    "target": "es2022",
    "module": "nodenext",
    "types": [],
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def project(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project that has installed the archive."""
    folder = tmp_path_factory.mktemp("project")
    install_sdk(folder)
    install_package(folder, archive)
    return folder


def compile_in(project: Path, file: str, code: str) -> str:
    """Compile one file as a project of a producer; return what the compiler prints. Raises PackageError."""
    (project / file).write_text(code)
    (project / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "files": [file]}))
    return run_tsc("-p", ".", folder=project)


def run(project: Path, code: str) -> str:
    """Run a program; return what it prints."""
    (project / "program.ts").write_text(code)
    command = ["npx", "--no-install", "tsx", "program.ts"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_archive_has_the_version_of_the_release_and_only_what_is_needed(archive: Path) -> None:
    assert archive.name == f"sesmail-client-{__version__}.tgz"
    with tarfile.open(archive) as packed:
        names = {name.removeprefix("package/") for name in packed.getnames()}
        about = json.load(packed.extractfile("package/package.json"))  # type: ignore[arg-type]
    assert {"LICENSE", "README.md", "dist/index.js", "dist/index.d.ts", "dist/testing.js"} <= names
    assert {name.split("/")[0] for name in names} == {"LICENSE", "README.md", "dist", "package.json"}
    assert list(about["dependencies"]) == ["@aws-sdk/client-eventbridge"]


def test_two_builds_of_the_archive_are_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    assert build_package(tmp_path).read_bytes() == archive.read_bytes()


def test_the_readme_of_the_package_works(project: Path) -> None:
    [code] = [block.code for block in blocks(README) if block.language == "typescript"]
    # The bus is in memory; the rest is the installed package.
    code = code.replace(
        "import { SESMailClient } from '@sesmail/client'", "import { FakeSESMailClient } from '@sesmail/client/testing'"
    )
    code = code.replace("new SESMailClient", "new FakeSESMailClient")
    [sent] = json.loads(run(project, code + "console.log(JSON.stringify(emails.sent));\n"))
    assert sent["request"]["templateName"] == "purchase-confirmation"
    assert sent["emailId"].startswith("about-")


def test_the_test_that_the_page_shows_passes_and_fails_where_the_code_is_wrong(project: Path) -> None:
    code = snippet(TESTING, "typescript", "FakeSESMailClient")
    assert run(project, code) == ""
    with pytest.raises(AssertionError, match="AssertionError"):
        run(project, code.replace("about: `order ${orderId} confirmation`", "tags: ['a']"))


@pytest.mark.parametrize("file", ["right-uses.ts", "wrong-uses.ts"])
def test_the_compiler_reads_the_types_of_the_installed_package(project: Path, file: str) -> None:
    """Each wrong line of `wrong-uses.ts` expects an error; the compiler rejects an expectation without error."""
    assert compile_in(project, file, (USES / file).read_text()) == ""


def test_the_compiler_finds_each_wrong_use(project: Path) -> None:
    lines = (USES / "wrong-uses.ts").read_text().splitlines()
    # An empty comment keeps the numbers of the lines.
    code = "\n".join(line.replace("// @ts-expect-error", "//") for line in lines)
    with pytest.raises(PackageError) as caught:
        compile_in(project, "wrong.ts", code)
    found = {int(number) for number in re.findall(r"^wrong\.ts\((\d+),", str(caught.value), re.MULTILINE)}
    assert found == {number + 1 for number, line in enumerate(lines, 1) if "@ts-expect-error" in line}
