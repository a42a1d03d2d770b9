"""A release: the same bytes wherever it is built, whole, and never without what belongs in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from scripts import release
from sesmail_cli import __version__ as VERSION

ROOT = Path(__file__).resolve().parents[2]


def clone_to(folder: Path) -> Path:
    """Copy the working tree without what git ignores, with a changelog and upgrade notes that have this version."""
    command = ["git", "ls-files", "-zco", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.strip("\0").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    changelog = folder / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## [Unreleased]", f"## [{VERSION}] - 2026-11-28", 1))
    upgrading = folder / "docs/upgrading.md"
    upgrading.write_text(upgrading.read_text().replace("### Unreleased", f"### {VERSION}", 1))
    return folder


def build(clone: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/release.py", "--version", VERSION]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release's folder."""
    clone = clone_to(tmp_path_factory.mktemp("clone"))
    done = build(clone)
    assert done.returncode == 0, done.stderr
    return clone / "dist/release"


@pytest.fixture(scope="module")
def archive(built: Path) -> list[str]:
    with zipfile.ZipFile(built / f"sesmail-{VERSION}.zip") as zipped:
        return zipped.namelist()


def test_the_checksums_hold(built: Path) -> None:
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=built, check=True, stdout=subprocess.DEVNULL)
    named = {line.split()[1] for line in (built / "SHA256SUMS").read_text().splitlines()}
    assert named == {path.name for path in built.iterdir()} - {"SHA256SUMS"}
    wheels = {f"{name}-{VERSION}-py3-none-any.whl" for name in ("sesmail", "sesmail_client")}
    assert named == {f"sesmail-{VERSION}.zip", f"sesmail-client-{VERSION}.tgz", *wheels, "RELEASE_NOTES.md"}


def test_another_folder_gives_the_same_checksums(built: Path, tmp_path: Path) -> None:
    clone = clone_to(tmp_path / "a folder with another name")
    done = build(clone)
    assert done.returncode == 0, done.stderr
    assert (clone / "dist/release/SHA256SUMS").read_text() == (built / "SHA256SUMS").read_text()


def test_the_archive_has_the_packages_of_each_processor_with_bytecode(
    built: Path, archive: list[str], tmp_path: Path
) -> None:
    for architecture in release.ARCHITECTURES:
        folder = f"dist/python{release.PYTHON}-{architecture}"
        names = {
            "layer.zip",
            "email_sender.zip",
            "feedback_processor.zip",
            "template_seeder.zip",
            "unsubscribe.zip",
            "starters.zip",
            "status_webhook.zip",
        }
        assert {f"{folder}/{name}" for name in (*names, "manifest.json")} <= set(archive)
        with zipfile.ZipFile(built / f"sesmail-{VERSION}.zip") as zipped:
            layer = zipped.extract(f"{folder}/layer.zip", tmp_path)
        with zipfile.ZipFile(layer) as packages:
            assert any(name.endswith(".pyc") for name in packages.namelist())


def test_the_archive_has_all_modules_and_no_tests_or_leftovers(archive: list[str]) -> None:
    modules = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("modules/*/*.tf")}
    assert {str(Path(name).parent) for name in archive if name.startswith("modules/")} >= modules
    assert not [name for name in archive if re.search(r"/tests/|\.terraform|tfstate|__pycache__", name)]
    assert {"LICENSE", "CHANGELOG.md", "modules/sesmail/deployer/deployer-1.json"} <= set(archive)


def test_the_notes_are_the_sections_of_changelog_and_upgrade_notes(built: Path) -> None:
    notes = (built / "RELEASE_NOTES.md").read_text()
    assert notes.startswith(f"# SESMail {VERSION}\n\n### Added")
    assert "## [" not in notes
    steps = notes.split("\n## Upgrade to this version\n\n")[1]
    assert "moved" in steps
    assert "For maintainers" not in steps


def test_a_version_without_upgrade_notes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "CHANGELOG.md").write_text("## [1.0.0] - 2026-12-01\n\n* Something.\n")
    (tmp_path / "docs/upgrading.md").write_text("## Notes per version\n\n### 1.0.0\n\n## For maintainers\n\nWrite.\n")
    monkeypatch.setattr(release, "ROOT", tmp_path)
    with pytest.raises(release.ReleaseError, match=r"docs/upgrading.md has no section '### 1.0.0'"):
        release.release_notes("1.0.0")


def test_the_links_of_the_notes_lead_to_the_files_of_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "CHANGELOG.md").write_text(
        "## [1.0.0]\n\n* [Setup](docs/setup.md#deploy), [SES](https://aws.amazon.com/ses/).\n"
    )
    steps = "### 1.0.0\n\n[How](#how-to-upgrade), [ADR 44](adr/0044.md), [policy](../SECURITY.md).\n"
    (tmp_path / "docs/upgrading.md").write_text(steps)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    links = re.findall(r"\]\((.+?)\)", release.release_notes("1.0.0"))
    files = "https://github.com/sesmail/sesmail/blob/v1.0.0"
    assert links == [
        f"{files}/docs/setup.md#deploy",
        "https://aws.amazon.com/ses/",
        f"{files}/docs/upgrading.md#how-to-upgrade",
        f"{files}/docs/adr/0044.md",
        f"{files}/SECURITY.md",
    ]


def test_another_version_than_the_code_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        release.ReleaseError, match=re.escape(f"VERSION is 9.9.9, but python/sesmail_cli/__init__.py has {VERSION}")
    ):
        release.build_release("9.9.9", tmp_path)


def test_another_version_than_the_typescript_client_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "package_version", lambda: "9.9.8")
    with pytest.raises(release.ReleaseError, match=r"clients/typescript/package.json has 9\.9\.8"):
        release.check_version(VERSION)


def test_a_version_without_a_section_in_the_changelog_is_refused() -> None:
    with pytest.raises(release.ReleaseError, match=r"no section '## \[9\.9\.9\]'"):
        release.release_notes("9.9.9")


def test_without_a_matching_python_nothing_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(release, "PYTHON", "3.99")
    with pytest.raises(release.ReleaseError, match=r"No Python 3\.99 found"):
        release.build_release(VERSION, tmp_path / "release")
    assert not (tmp_path / "release").exists()


# --- the workflow -----------------------------------------------------------------------------------------------------

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())


def test_each_action_of_the_workflows_is_named_by_its_digest() -> None:
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        for used in re.findall(r"uses: (\S+)", path.read_text()):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), f"{path.name}: {used}"


def test_no_name_of_a_tag_or_branch_is_expanded_by_the_workflow_or_by_make() -> None:
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            commands = [step["run"] for step in job["steps"] if "run" in step]
            assert not [command for command in commands if "${{" in command or re.search(r"make [^&|;]*\$", command)]


def test_only_the_publishing_job_may_write() -> None:
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["build"]["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["publish"]["permissions"] == {
        "attestations": "write",
        "contents": "write",
        "id-token": "write",
    }
    assert not [step for step in WORKFLOW["jobs"]["publish"]["steps"] if "checkout" in step.get("uses", "")]
