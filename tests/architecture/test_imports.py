"""Imports point one way: domain ← usecases ← aws, runtime next to aws, composition and functions on top."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

import pytest

from tests.architecture.sources import Source, layer_sources, sources, within

# What a room of the layer may import of the layer.
_OURS: dict[str, tuple[str, ...]] = {
    "domain": ("sesmail_layer.domain",),
    "usecases": ("sesmail_layer.domain", "sesmail_layer.usecases"),
    # Adapters implement ports; the seeder's are in the module of its use case.
    "aws": ("sesmail_layer.domain", "sesmail_layer.usecases.ports", "sesmail_layer.usecases.seed_templates"),
    "runtime": ("sesmail_layer.domain", "sesmail_layer.runtime"),
    "composition": ("sesmail_layer",),
}
# What a room of the layer may import of others.
_THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "domain": ("msgspec", "jinja2", "email_validator", "babel"),
    "usecases": ("msgspec",),
    "aws": ("msgspec", "botocore"),
    "runtime": ("msgspec", "structlog", "aws_xray_sdk"),
    "composition": (),
}
# The modules that adapters share: the conversion of DynamoDB items, and what the control table's items have in common.
_SHARED_BY_ADAPTERS = (
    "sesmail_layer.aws.answers",
    "sesmail_layer.aws.dynamodb_items",
    "sesmail_layer.aws.control_items",
    "sesmail_layer.aws.foreign_rows",
)

# The domain has no clock, randomness, environment, log or network: same input, same result.
_NOT_IN_DOMAIN = ("time", "logging", "os", "random", "secrets", "socket", "subprocess", "threading", "urllib.request")
_CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4", "formatdate")
_NOT_IN_USECASES = ("time", "logging", "os", "socket", "subprocess", "threading", "urllib.request")

LAYER_SOURCES = layer_sources()


def by_module(sources: Iterable[Source]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("source", [pytest.param(source, id=source.module) for source in sources])


def test_every_room_has_its_rule() -> None:
    assert {source.room for source in LAYER_SOURCES} == set(_OURS) == set(_THIRD_PARTY)


@by_module(LAYER_SOURCES)
def test_a_module_imports_only_what_its_room_may(source: Source) -> None:
    # mypy_boto3_* contain types only, imported under TYPE_CHECKING.
    allowed = (*_OURS[source.room], *_THIRD_PARTY[source.room])
    if source.room == "aws":
        allowed = (*allowed, *_SHARED_BY_ADAPTERS)
    foreign = [
        name
        for name in source.imports()
        if not within(name, allowed)
        and name.partition(".")[0] not in sys.stdlib_module_names
        and not (source.room == "aws" and name.startswith("mypy_boto3_"))
    ]
    # `from package import module` yields the package, too; only the module counts.
    foreign = [name for name in foreign if not any(other.startswith(name + ".") for other in source.imports())]
    assert not foreign, f"{source.module} imports {foreign}"


@by_module(source for source in LAYER_SOURCES if source.room == "aws")
def test_type_stubs_are_imported_for_type_checkers_only(source: Source) -> None:
    at_run_time = [
        node
        for node in source.tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mypy_boto3_")
    ]
    assert not at_run_time


@by_module(layer_sources("domain"))
def test_the_domain_has_no_clock_randomness_environment_or_log(source: Source) -> None:
    assert [name for name in source.imports() if within(name, _NOT_IN_DOMAIN)] == []
    assert [name for name in source.attributes() if name.endswith(_CLOCKS)] == []


@by_module(layer_sources("usecases"))
def test_a_use_case_reaches_outside_only_through_its_ports(source: Source) -> None:
    assert [name for name in source.imports() if within(name, _NOT_IN_USECASES)] == []
    assert [name for name in source.attributes() if name.endswith(_CLOCKS)] == []


@by_module(source for source in LAYER_SOURCES if source.room != "aws")
def test_only_adapters_import_botocore(source: Source) -> None:
    assert [name for name in source.imports() if within(name, ("botocore",))] == []


@by_module(source for source in LAYER_SOURCES if source.module != "sesmail_layer.runtime.settings")
def test_only_settings_reads_the_environment(source: Source) -> None:
    assert [name for name in source.attributes() if name in ("os.environ", "os.getenv")] == []
    assert [name for name in source.imports() if name in ("os.environ", "os.getenv")] == []


@by_module(source for source in LAYER_SOURCES if source.module != "sesmail_layer.runtime.tracing")
def test_only_tracing_imports_the_x_ray_sdk(source: Source) -> None:
    assert [name for name in source.imports() if within(name, ("aws_xray_sdk",))] == []


@pytest.mark.parametrize(("room", "other"), [("sender", "feedback"), ("feedback", "sender")])
def test_sender_and_feedback_processor_do_not_import_each_other(room: str, other: str) -> None:
    package = f"sesmail_layer.usecases.{other}"
    assert importers(layer_sources(f"usecases/{room}"), (package,)) == []


def test_of_the_tools_only_mutation_imports_pytest() -> None:
    measuring = [source for source in sources("tools") if not within(source.module, ("tools.mutation",))]
    assert importers(measuring, ("pytest",)) == []


def test_unit_tests_import_only_what_mutation_runs_copy() -> None:
    """tools/mutation/staging.py copies nothing else, and its environment has no moto."""
    staged = ("sesmail_layer", "tests.unit", "tests.events", "tools.simulation")
    outside = ("tests", "tools", "localcloud", "scripts", "sesmail_cli", "moto")
    strays = {
        source.module: name
        for source in sources("tests/unit")
        for name in source.imports()
        if within(name, outside) and not within(name, staged)
    }
    assert strays == {}


def importers(modules: Iterable[Source], packages: Iterable[str]) -> list[str]:
    """Return the modules that import one of the packages."""
    return [source.module for source in modules if any(within(name, packages) for name in source.imports())]
