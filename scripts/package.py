"""Build the archives that Terraform deploys: layer, functions, starter templates. Same input, same bytes.

python scripts/package.py --dist dist --python 3.13 --arch arm64 --locales "en fr de"
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python"), str(ROOT)]

from scripts.locale_data import UnknownLanguage, reduce_locales  # noqa: E402 - found through the path set above
from scripts.service_models import service_models  # noqa: E402
from sesmail_cli.templates.compiler import compile_templates  # noqa: E402
from sesmail_layer.aws.clients import SERVICES  # noqa: E402

FUNCTIONS = ("email_sender", "feedback_processor", "template_seeder", "unsubscribe")
# Of modules/producer: it runs without the engine, so its archive contains all that it needs.
WEBHOOK = "status_webhook"
_PLATFORMS = {
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "x86_64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
}
_DATE = (2020, 1, 1, 0, 0, 0)
# Nothing reads them at run time. METADATA stays: scanners know the packages by it.
_LEFT_OUT = {"tests", "py.typed", "wrapt-stubs", "INSTALLER", "RECORD", "REQUESTED", "WHEEL"}

Files = dict[str, bytes]


def install_requirements(target: Path, requirements: str, python_version: str, arch: str) -> None:
    """Install pinned, hash-checked packages for the Lambda's Python and architecture."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-compile",
        "--no-deps",
    ]
    command += ["--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", python_version]
    for platform in _PLATFORMS[arch]:
        command += ["--platform", platform]
    command += ["--target", str(target), "-r", str(ROOT / "requirements" / requirements)]
    subprocess.run(command, check=True)


def compile_sources(folder: Path, python_version: str) -> None:
    """Add bytecode to the sources.

    Lambda's file system is read-only, so without bytecode every cold start compiles all sources, which takes longer
    than the rest of it. Bytecode that is not checked against its source is reproducible. Only a Python of the Lambda's
    version can write it.
    """
    python = interpreter(python_version)
    if python is None:
        print(f"No Python {python_version} found: functions get no bytecode and start slower.", file=sys.stderr)
        return
    code = (
        "import compileall, py_compile, sys; mode = py_compile.PycInvalidationMode.UNCHECKED_HASH;"
        "compileall.compile_dir(sys.argv[1], quiet=2, force=True, stripdir=sys.argv[1], invalidation_mode=mode)"
    )
    subprocess.run([python, "-I", "-c", code, str(folder)], check=True)


def interpreter(python_version: str) -> str | None:
    """Return a Python of this version, this one or one on the PATH, or None."""
    if python_version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    return shutil.which(f"python{python_version}")


def tree(folder: Path, left_out: Collection[str] = _LEFT_OUT) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder that belong in an archive, sorted, by their path in the archive."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        scripts = relative.parts[0] == "bin"
        if path.is_file() and not scripts and not set(left_out) & set(relative.parts) and path.suffix != ".pyi":
            yield relative.as_posix(), path.read_bytes()


def write_zip(path: Path, files: Mapping[str, bytes]) -> str:
    """Write a reproducible archive (sorted entries, one fixed date); return its SHA-256."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return hashlib.sha256(path.read_bytes()).hexdigest()


def layer_files(python_version: str, arch: str, languages: Collection[str]) -> Files:
    """Return the layer's files by import path."""
    sources = ROOT / "python/sesmail_layer"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        install_requirements(target, "layer.txt", python_version, arch)
        reduce_locales(target, languages)
        shutil.copytree(sources, target / "sesmail_layer", ignore=shutil.ignore_patterns("__pycache__"))
        compile_sources(target, python_version)
        models = {f"sesmail_layer/aws/models/{name}": c for name, c in service_models(SERVICES, sources).items()}
        return dict(tree(target)) | models


def webhook_files(python_version: str, arch: str) -> Files:
    """Return the files of the function StatusWebhook."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        install_requirements(target, "webhook.txt", python_version, arch)
        for source, into in (("python/sesmail_webhook", target / "sesmail_webhook"), (f"functions/{WEBHOOK}", target)):
            shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        compile_sources(target, python_version)
        return dict(tree(target))


def build(dist: Path, python_version: str, arch: str, languages: Collection[str] = ()) -> dict[str, str]:
    """Build every archive into `dist`; return the SHA-256 of each. Without `languages` the layer formats in all."""
    # A temporary folder, because two builds may run at the same time.
    dist.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"{dist.name}.", dir=dist.parent))
    work.chmod(0o755)
    layer = layer_files(python_version, arch, languages)
    hashes = {"layer.zip": write_zip(work / "layer.zip", {f"python/{name}": c for name, c in layer.items()})}
    for function in FUNCTIONS:
        code = dict(tree(ROOT / "functions" / function, left_out={*_LEFT_OUT, "__pycache__"}))
        hashes[f"{function}.zip"] = write_zip(work / f"{function}.zip", code)
        hashes[f"{function}-bundled.zip"] = write_zip(work / f"{function}-bundled.zip", layer | code)
    hashes[f"{WEBHOOK}.zip"] = write_zip(work / f"{WEBHOOK}.zip", webhook_files(python_version, arch))
    hashes["starters.zip"] = write_zip(work / "starters.zip", compile_templates(ROOT / "templates"))
    about = {"python": python_version, "architecture": arch, "sha256": hashes}
    (work / "manifest.json").write_text(json.dumps(about, indent=2) + "\n")
    shutil.rmtree(dist, ignore_errors=True)
    work.rename(dist)
    return hashes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="where the archives go (default: dist)")
    parser.add_argument("--python", default="3.13", help="the Lambda's Python (default: 3.13)")
    parser.add_argument("--arch", choices=sorted(_PLATFORMS), default="arm64", help="the Lambda's architecture")
    parser.add_argument("--locales", default="", help="languages to format in, such as 'en fr de' (default: all)")
    given = parser.parse_args()
    try:
        hashes = build(given.dist.resolve(), given.python, given.arch, given.locales.replace(",", " ").split())
    except UnknownLanguage as err:
        parser.error(str(err))
    for name, digest in hashes.items():
        print(f"{digest[:12]}  {(given.dist / name).stat().st_size / 1024:8.0f} KB  {given.dist / name}")


if __name__ == "__main__":
    main()
