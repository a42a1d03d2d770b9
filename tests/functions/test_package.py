"""The archives that Terraform deploys: reproducible, complete, for the right machine."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.package import FUNCTIONS, WEBHOOK, build
from tests.functions.conftest import ARCHITECTURE, PYTHON, Package

MAX_LAYER_BYTES = 16 * 1024 * 1024  # 7 MB of it are the locales
MAX_LAYER_ZIP_BYTES = 6 * 1024 * 1024
"""Lambda takes 250 MB; a small layer is a short cold start."""

# ELF's machine field: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_MACHINES = {"arm64": 183, "x86_64": 62}


def machine_of(library: bytes) -> int:
    assert library[:4] == b"\x7fELF"
    return int.from_bytes(library[18:20], "little")


def libraries_in(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist() if name.endswith(".so")}


def test_the_same_sources_give_the_same_archives(package: Package, tmp_path: Path) -> None:
    again = build(tmp_path / "dist", PYTHON, ARCHITECTURE)

    assert again == package.hashes
    assert set(again) == {
        "layer.zip",
        "starters.zip",
        f"{WEBHOOK}.zip",
        *(f"{function}{kind}.zip" for function in FUNCTIONS for kind in ("", "-bundled")),
    }
    for name in again:
        assert (tmp_path / "dist" / name).read_bytes() == (package.dist / name).read_bytes()


def test_the_manifest_says_what_was_built(package: Package) -> None:
    manifest = json.loads((package.dist / "manifest.json").read_text())
    assert manifest == {"python": PYTHON, "architecture": ARCHITECTURE, "sha256": package.hashes}


@pytest.mark.parametrize("delivery", ["layer", "bundled"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_needs_only_boto3_from_lambdas_runtime(
    package: Package, boto3_alone: Path, function: str, delivery: str
) -> None:
    path = [str(folder) for folder in (*package.path_of(function, delivery), boto3_alone)]
    code = (
        f"import sys; sys.path += {path}; import handler; assert callable(handler.handler);"
        # Imported on demand only, and they too must be there.
        "from sesmail_layer.runtime.tracing import enable_tracing; enable_tracing(lambda steps: None);"
        "import pkgutil, importlib, sesmail_layer;"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(sesmail_layer.__path__, 'sesmail_layer.')];"
        "print(*{str(m.__file__) for m in list(sys.modules.values()) if getattr(m, '__file__', None)}, sep='\\n')"
    )
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", code], env={}, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr
    stray = [
        file
        for file in ended.stdout.split()
        if not file.startswith((*path, sys.base_prefix)) or "/site-packages/" in file.removeprefix(str(boto3_alone))
    ]
    assert not stray, "imported from elsewhere"


def test_the_layer_is_small(package: Package) -> None:
    with zipfile.ZipFile(package.dist / "layer.zip") as layer:
        assert sum(entry.file_size for entry in layer.infolist()) < MAX_LAYER_BYTES
    assert (package.dist / "layer.zip").stat().st_size < MAX_LAYER_ZIP_BYTES


def test_every_module_of_the_layer_is_compiled_and_never_checked_against_its_source(package: Package) -> None:
    cache = sys.implementation.cache_tag
    with zipfile.ZipFile(package.dist / "layer.zip") as layer:
        names = set(layer.namelist())
        for name in names:
            folder, _, file = name.rpartition("/")
            if file.endswith(".py"):
                compiled = f"{folder}/__pycache__/{file.removesuffix('.py')}.{cache}.pyc"
                assert compiled in names
                # https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
                flags = int.from_bytes(layer.read(compiled)[4:8], "little")
                assert flags == 0b01, f"{compiled} would be checked against a file that has another date"


def test_the_archives_hold_no_tests_strays_or_paths_of_this_machine(package: Package) -> None:
    for name in package.hashes:
        with zipfile.ZipFile(package.dist / name) as archive:
            for entry in archive.infolist():
                assert not {"tests", "bin", "dns"} & set(entry.filename.split("/")), entry.filename
                assert not entry.filename.endswith((".pyi", "/RECORD", "/INSTALLER", "py.typed")), entry.filename
                assert str(package.dist.parent).encode() not in archive.read(entry)
                assert entry.date_time == (2020, 1, 1, 0, 0, 0)
                assert entry.external_attr >> 16 == 0o644
            assert archive.namelist() == sorted(archive.namelist())


def test_libraries_are_for_the_requested_architecture(package: Package, tmp_path: Path) -> None:
    other = "x86_64" if ARCHITECTURE == "arm64" else "arm64"
    build(tmp_path / "dist", "3.13", other)

    for archive, architecture in ((package.dist / "layer.zip", ARCHITECTURE), (tmp_path / "dist/layer.zip", other)):
        libraries = libraries_in(archive)
        assert any("msgspec" in name for name in libraries)
        assert {machine_of(library) for library in libraries.values()} == {_MACHINES[architecture]}


def test_the_default_is_python_3_13_on_arm64(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, str(root / "scripts/package.py"), "--dist", str(tmp_path / "dist")],
        check=True,
        capture_output=True,
    )
    manifest = json.loads((tmp_path / "dist/manifest.json").read_text())
    libraries = libraries_in(tmp_path / "dist/layer.zip")

    assert (manifest["python"], manifest["architecture"]) == ("3.13", "arm64")
    assert all("cpython-313-aarch64" in name for name in libraries), libraries.keys()
    assert {machine_of(library) for library in libraries.values()} == {_MACHINES["arm64"]}


def test_a_second_build_replaces_the_first(package: Package, tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "old.zip").write_bytes(b"of a function that is no more")
    build(dist, PYTHON, ARCHITECTURE)
    assert sorted(path.name for path in dist.iterdir()) == sorted([*package.hashes, "manifest.json"])
