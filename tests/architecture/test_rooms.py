"""The top-level folders import one way: the product ← localcloud, tools ← tests.

The layer, the CLI, the client and the functions are the product. `localcloud` and `tools` may import it, not the other
way round; nothing outside of `tests` imports `tests`.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

import pytest

from tests.architecture.sources import Source, sources, within

_PRODUCT = (
    "python/sesmail_layer",
    "python/sesmail_cli",
    "python/sesmail_client",
    "python/sesmail_webhook",
    "functions",
)
# They run in a producer's account, without the engine.
_ALONE = ("python/sesmail_client", "python/sesmail_webhook", "functions/status_webhook")
# What each folder must not import.
_FORBIDDEN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_PRODUCT, ("tests", "tools", "localcloud", "scripts")),
    **dict.fromkeys(_ALONE, ("tests", "tools", "localcloud", "scripts", "sesmail_layer", "sesmail_cli")),
    # Packaging included: what is shipped is built without the tools.
    "scripts": ("tests", "tools", "localcloud"),
    "localcloud": ("tests", "tools", "scripts"),
    "tools": ("tests", "scripts"),
}


def forbidden_imports(source: Source, forbidden: tuple[str, ...]) -> list[str]:
    """List the forbidden modules that a module imports by a statement, by `import_module("…")` or by `python -m …`."""
    names = [*source.imports(), *_imported_by_name(source.tree), *_run_as_programs(source.tree)]
    return [f"{source.module}: {name}" for name in names if within(name, forbidden)]


def _imported_by_name(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from _strings(node.args)


def _run_as_programs(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple):
            values = _strings(node.elts)
            yield from (module for option, module in itertools.pairwise(values) if option == "-m")


def _strings(nodes: list[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("folder", _FORBIDDEN)
def test_a_folder_imports_nothing_that_is_above_it(folder: str) -> None:
    found = [each for source in sources(folder) for each in forbidden_imports(source, _FORBIDDEN[folder])]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import tests.conftest",
        "from tests import conftest",
        "def f():\n    from tests.e2e.harness import shell",
        "import importlib\nimportlib.import_module('tests.conftest')",
        "subprocess.run([sys.executable, '-m', 'tests.e2e'])",
    ],
)
def test_an_import_is_found_in_whichever_way_it_is_written(code: str) -> None:
    source = Source(next(iter(sources("localcloud"))).path, ast.parse(code))
    assert forbidden_imports(source, ("tests",))
    assert not forbidden_imports(source, ("test", "tools"))
