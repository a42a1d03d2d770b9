"""Build a release: the Terraform modules with their built archives, the wheels, checksums and notes.

python scripts/release.py --version 0.1.0

Same input, same bytes. What goes into dist/release:

    sesmail-VERSION.zip               modules, examples, archives for each processor; a `source` of a Terraform module
    sesmail-VERSION-py3-none-any.whl  the command `sesmail`
    sesmail_client-VERSION-py3-none-any.whl
                                      the producers' client in Python
    sesmail-client-VERSION.tgz        the producers' client in TypeScript
    RELEASE_NOTES.md                  the sections of this version in CHANGELOG.md and docs/upgrading.md
    SHA256SUMS                        of all of them: `sha256sum -c SHA256SUMS`
"""

from __future__ import annotations

import argparse
import hashlib
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import package  # noqa: E402 - found through the path set above
from scripts.typescript_package import PackageError, build_package, package_version  # noqa: E402

PYTHON = "3.13"
ARCHITECTURES = ("arm64", "x86_64")
# The folders of pyproject.toml: the command, and the producers' client.
_WHEELS = (".", "clients/python")
_FOLDERS = ("modules", "examples")
_FILES = ("LICENSE", "CHANGELOG.md")
_LEFT_OUT = {"tests", ".terraform", ".terraform.lock.hcl"}
# The date of every file in the wheel: 1 January 2020, as in the archives.
_EPOCH = "1577836800"
_REPOSITORY = "https://github.com/sesmail/sesmail"


class ReleaseError(Exception):
    """The release cannot be built; the message says what to do."""


def build_release(version: str, target: Path) -> list[Path]:
    """Build the release's files into an empty folder; return them. Raises ReleaseError."""
    check_version(version)
    check_python()
    notes = release_notes(version)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    package.write_zip(target / f"sesmail-{version}.zip", dict(archive_files()))
    for project in _WHEELS:
        build_wheel(project, target)
    build_package(target)
    (target / "RELEASE_NOTES.md").write_text(notes)
    built = sorted(target.iterdir())
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in built)
    (target / "SHA256SUMS").write_text(sums)
    return [*built, target / "SHA256SUMS"]


def check_version(version: str) -> None:
    source = ROOT / "python/sesmail_cli/__init__.py"
    found = re.search(r'^__version__ = "(.+)"$', source.read_text(), re.MULTILINE)
    if found is None or found[1] != version:
        raise ReleaseError(
            f"VERSION is {version}, but python/sesmail_cli/__init__.py has {found and found[1]}: set "
            f"__version__ there to {version} (CONTRIBUTING.md, Release), or build VERSION={found and found[1]}."
        )
    if (client := package_version()) != version:
        raise ReleaseError(
            f"VERSION is {version}, but clients/typescript/package.json has {client}: set version there to {version}."
        )


def check_python() -> None:
    """Refuse a machine on which the archives would differ."""
    if package.interpreter(PYTHON) is None:
        raise ReleaseError(
            f"No Python {PYTHON} found: the functions would have no bytecode. Put python{PYTHON} on the PATH."
        )
    if "ng" in zlib.ZLIB_RUNTIME_VERSION:
        raise ReleaseError("This Python compresses with zlib-ng, which gives other bytes: use one that has zlib.")


def release_notes(version: str) -> str:
    """Return what has changed in a version, and what its users must do: both without their headings."""
    changes = _section("CHANGELOG.md", version, f"## [{version}]")
    steps = _section("docs/upgrading.md", version, f"### {version}")
    return f"# SESMail {version}\n\n{changes}\n\n## Upgrade to this version\n\n{steps}\n"


def _section(file: str, version: str, heading: str) -> str:
    """Return the text below a heading, up to the next one of its level or above, with absolute links."""
    level = heading.count("#")
    pattern = rf"^{re.escape(heading)}(?![.\w]).*?\n(.*?)(?=^#{{2,{level}}} |\Z)"
    found = re.search(pattern, (ROOT / file).read_text(), re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise ReleaseError(f"{file} has no section '{heading}': give what is in Unreleased this heading.")
    return _absolute_links(found[1].strip(), file, version)


def _absolute_links(text: str, file: str, version: str) -> str:
    """Let links lead to the version's files on GitHub: a release's page resolves no relative ones."""

    def absolute(link: re.Match[str]) -> str:
        target = link[1]
        path = file + target if target.startswith("#") else posixpath.join(posixpath.dirname(file), target)
        return f"]({_REPOSITORY}/blob/v{version}/{posixpath.normpath(path)})"

    return re.sub(r"\]\((?![a-z]+:)([^)\s]+)\)", absolute, text)


def archive_files() -> Iterator[tuple[str, bytes]]:
    """Yield the files of the modules' archive by their path in it."""
    for folder in _FOLDERS:
        for name, content in package.tree(ROOT / folder, left_out=_LEFT_OUT):
            yield f"{folder}/{name}", content
    for file in _FILES:
        yield file, (ROOT / file).read_bytes()
    for architecture in ARCHITECTURES:
        with tempfile.TemporaryDirectory() as work:
            dist = Path(work) / "dist"
            package.build(dist, PYTHON, architecture)
            for path in sorted(dist.iterdir()):
                yield f"dist/python{PYTHON}-{architecture}/{path.name}", path.read_bytes()


def build_wheel(project: str, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "-w", str(target), str(ROOT / project)]
    subprocess.run(command, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": _EPOCH})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", required=True, help="such as 1.2.0, as in the changelog")
    parser.add_argument("--target", type=Path, default=ROOT / "dist/release", help="default: dist/release")
    given = parser.parse_args()
    try:
        built = build_release(given.version, given.target.resolve())
    except (ReleaseError, PackageError) as error:
        sys.exit(str(error))
    for path in built:
        print(f"{path.stat().st_size / 1024:8.0f} KB  {path}")


if __name__ == "__main__":
    main()
