"""Tests are where one looks for them, and files are short."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.sources import LAYER, ROOT, tracked_texts

LONGEST = 350
CODE = {".css", ".hcl", ".html", ".jinja", ".js", ".mjs", ".py", ".sh", ".tf"}


def modules() -> list[Path]:
    """The layer's modules, relative to it."""
    return sorted(path.relative_to(LAYER) for path in LAYER.rglob("*.py") if path.name != "__init__.py")


def folder_of_tests(module: Path) -> Path:
    """Return the folder of a module's tests: tests/aws for adapters, else the mirror of the layer in tests/unit."""
    return ROOT / "tests" / ("aws" if module.parts[0] == "aws" else Path("unit") / module.parent)


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_has_a_test_file_of_its_name(module: Path) -> None:
    """`test_X.py`, or `test_X_<behaviour>.py` where one file would be too long."""
    folder = folder_of_tests(module)
    assert [*folder.glob(f"test_{module.stem}.py"), *folder.glob(f"test_{module.stem}_*.py")]


def test_a_unit_test_file_is_named_after_a_module() -> None:
    """And is in the mirror of the module's folder."""
    unit = ROOT / "tests/unit"
    strays = []
    for path in sorted(unit.rglob("test_*.py")):
        folder = LAYER / path.parent.relative_to(unit)
        names = {module.stem for module in folder.glob("*.py")}
        tested = path.stem.removeprefix("test_")
        if not any(tested == name or tested.startswith(f"{name}_") for name in names):
            strays.append(str(path.relative_to(unit)))
    assert strays == []


def test_no_file_of_code_is_too_long() -> None:
    lines = {name: text.count("\n") for name, text in tracked_texts().items() if Path(name).suffix in CODE}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
