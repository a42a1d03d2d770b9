"""Imports point one way: domain ← usecases ← aws, runtime beside aws, composition and functions on top."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

import pytest

from tests.architecture.sources import ROOT, Source, layer_sources

# By room: what of the layer it may import, and what of others.
_OURS: dict[str, tuple[str, ...]] = {
    "domain": ("sesmail_layer.domain",),
    "usecases": ("sesmail_layer.domain", "sesmail_layer.usecases"),
    # Ports, and the seeder's, which stand beside the one use case that has them.
    "aws": ("sesmail_layer.domain", "sesmail_layer.usecases.ports", "sesmail_layer.usecases.seed_templates"),
    "runtime": ("sesmail_layer.domain", "sesmail_layer.runtime"),
    "composition": ("sesmail_layer",),
}
_THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "domain": ("msgspec", "jinja2", "email_validator", "babel"),
    "usecases": ("msgspec",),
    "aws": ("msgspec", "botocore"),
    "runtime": ("msgspec", "structlog", "aws_xray_sdk"),
    "composition": (),
}
# What several adapters share: how DynamoDB's items, and those of the control table, are written and read.
_SHARED_BY_ADAPTERS = ("sesmail_layer.aws.dynamodb_items", "sesmail_layer.aws.control_items")

# The domain has no clock, no chance, no environment, no logging, no network: same input, same answer.
_NOT_IN_DOMAIN = ("time", "logging", "os", "random", "secrets", "socket", "subprocess", "threading", "urllib.request")
_CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4", "formatdate")
_NOT_IN_USECASES = ("time", "logging", "os", "socket", "subprocess", "threading", "urllib.request")

LAYER_SOURCES = layer_sources()


def within(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def by_module(sources: Iterable[Source]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("source", [pytest.param(source, id=source.module) for source in sources])


def test_every_room_has_its_rule() -> None:
    rooms = {source.room for source in LAYER_SOURCES if source.path.parent != ROOT / "python/sesmail_layer"}
    assert rooms == set(_OURS) == set(_THIRD_PARTY)


@by_module(source for source in LAYER_SOURCES if source.room in _OURS)
def test_a_module_imports_only_what_its_room_may(source: Source) -> None:
    # mypy_boto3_* are types only, imported under TYPE_CHECKING: never at run time.
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
    # `from package import module` gives the package as well; it is the module that counts.
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
def test_the_domain_knows_no_clock_chance_environment_or_log(source: Source) -> None:
    assert [name for name in source.imports() if within(name, _NOT_IN_DOMAIN)] == []
    assert [name for name in source.attributes() if name.endswith(_CLOCKS)] == []


@by_module(layer_sources("usecases"))
def test_a_use_case_reaches_outside_only_through_its_ports(source: Source) -> None:
    assert [name for name in source.imports() if within(name, _NOT_IN_USECASES)] == []
    assert [name for name in source.attributes() if name.endswith(_CLOCKS)] == []


@by_module(source for source in LAYER_SOURCES if source.room != "aws")
def test_only_adapters_see_botocore(source: Source) -> None:
    assert [name for name in source.imports() if within(name, ("botocore",))] == []


@by_module(source for source in LAYER_SOURCES if source.module != "sesmail_layer.runtime.settings")
def test_only_settings_reads_the_environment(source: Source) -> None:
    assert [name for name in source.attributes() if name in ("os.environ", "os.getenv")] == []
    assert [name for name in source.imports() if name in ("os.environ", "os.getenv")] == []


@by_module(source for source in LAYER_SOURCES if source.module != "sesmail_layer.runtime.tracing")
def test_only_tracing_knows_the_x_ray_sdk(source: Source) -> None:
    assert [name for name in source.imports() if within(name, ("aws_xray_sdk",))] == []


@by_module(LAYER_SOURCES)
def test_a_module_has_one_idea(source: Source) -> None:
    assert len(source.path.read_text().splitlines()) <= 350, f"{source.module} is too long for one idea"
