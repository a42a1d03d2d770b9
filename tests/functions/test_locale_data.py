"""The layer's reduced locale data: each filter writes what it writes with all of Babel's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import babel
import pytest

from scripts.locale_data import FOLDER, UnknownLanguage, reduce_locales
from scripts.package import build
from tests.functions.conftest import ARCHITECTURE, PYTHON, Package

# Every locale with each filter once, in the longest forms: they read the most.
_FORMAT = """
import json, sys
sys.path[:0] = {path}
from babel.localedata import locale_identifiers
from sesmail_layer.domain.template.sandbox import BoundedEnvironment
from sesmail_layer.domain.template.bounds import metered
source = '''{{{{ -1234567.5 | money('EUR') }}}}|{{{{ 5 | money('JPY') }}}}|
|{{{{ 1234567.891 | number }}}}|{{{{ 0.5 | number(2) }}}}
|{{{{ '2026-11-24' | date('full') }}}}|{{{{ '2026-03-04' | date('short') }}}}|{{{{ '2026-07-04' | date('medium') }}}}
|{{{{ '2026-11-24T22:31:00Z' | time('full', 'Europe/Paris') }}}}|
|{{{{ '2026-07-24T03:31:00Z' | time('long', 'Asia/Tokyo') }}}}
|{{{{ '2026-07-24T12:00:00Z' | time('full', 'Antarctica/Troll') }}}}|{{{{ '2026-07-24T12:00:00Z' | time }}}}'''
template = BoundedEnvironment(autoescape=False).from_string(source)
texts = {{}}
for name in {names} or locale_identifiers():
    with metered(source):
        texts[name] = template.render(locale=name.replace("_", "-"))
print(json.dumps(texts))
"""


def formatted(*path: Path, names: tuple[str, ...] = ()) -> dict[str, str]:
    code = _FORMAT.format(path=[str(each) for each in path], names=names)
    ended = subprocess.run([sys.executable, "-I", "-c", code], env={}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    texts: dict[str, str] = json.loads(ended.stdout)
    return texts


def test_every_locale_formats_as_with_all_of_babels_data(package: Package) -> None:
    reduced = formatted(package.layer)
    whole = formatted(Path(__file__).parents[2] / "python")

    assert len(reduced) > 1_000
    assert reduced == whole


@pytest.fixture(scope="module")
def european(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages, with the locale data of three languages."""
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(Path(babel.__file__).parent, folder / "babel")
    reduce_locales(folder, ["fr", "nb", "zh"])
    return folder


def test_a_language_is_kept_with_its_regions_and_scripts_and_what_it_inherits_from(european: Path) -> None:
    kept = {path.stem for path in (european / FOLDER).glob("*.dat")}

    assert {"fr", "fr_CA", "nb", "no", "zh_Hant_HK", "en", "en_GB", "en_001", "root"} <= kept
    assert {name.partition("_")[0] for name in kept} == {"fr", "nb", "no", "zh", "en", "root"}


def test_a_locale_that_is_left_out_is_written_like_an_unknown_one(european: Path, package: Package) -> None:
    layer = Path(__file__).parents[2] / "python"
    few = formatted(european, layer, names=("fr-CA", "zh-TW", "de", "de-AT", "en"))
    all_of_them = formatted(package.layer, names=("fr-CA", "zh-TW", "de", "de-AT", "en"))

    assert {few["de"], few["de-AT"]} == {few["en"]}
    assert few["fr-CA"] == all_of_them["fr-CA"]
    assert few["zh-TW"] == all_of_them["zh-TW"]
    assert all_of_them["de"] != few["en"]


@pytest.mark.parametrize("language", ["xx", "fr_CA", "FR", "french", "", "../../etc"])
def test_what_is_no_language_ends_the_build(tmp_path: Path, language: str) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "fr.dat").write_bytes(b"")

    with pytest.raises(UnknownLanguage, match="name languages such as `de`"):
        reduce_locales(tmp_path, [language])


def test_the_languages_of_a_package_are_chosen_when_it_is_built(tmp_path: Path, package: Package) -> None:
    build(tmp_path / "dist", PYTHON, ARCHITECTURE, ["fr", "de"])
    smaller, whole = (folder / "layer.zip" for folder in (tmp_path / "dist", package.dist))

    assert smaller.stat().st_size < whole.stat().st_size - 2_000_000
