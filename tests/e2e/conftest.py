"""One emulator and one deployed engine for all end-to-end tests of a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import emulator as emulators
from localcloud.deployment import Deployment, deploy
from localcloud.emulator import Emulator
from localcloud.paths import BUILD
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.inventory import inventory
from tests.e2e.harness.left_out import LEFT_OUT
from tests.e2e.harness.variables import SETTLE_SECONDS, TEST_VARIABLES, UNSUBSCRIBE


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: runs after all other tests, since it destroys the engine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = LEFT_OUT[emulators.backend_name()]
    here = Path(__file__).parent
    dropped = [item for item in items if item.path.parent == here and item.path.name in left_out]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in dropped]
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_report_header() -> list[str]:
    left_out = LEFT_OUT[emulators.backend_name()]
    return [f"left out on {emulators.backend_name()}: {name}: {reason}" for name, reason in left_out.items()]


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """The emulator that `BACKEND` names."""
    started = emulators.start()
    yield started
    try:
        denied = started.denials()
    finally:
        started.stop()
    assert denied == [], "the functions' roles lack permissions"


@pytest.fixture(scope="session")
def inventory_before(emulator: Emulator) -> set[str]:
    """What the account holds before Terraform runs."""
    return inventory(emulator)


@pytest.fixture(scope="session")
def deployment(emulator: Emulator, inventory_before: set[str]) -> Iterator[Deployment]:
    """The engine and its Terraform, in a folder of this run's own."""
    work = f"e2e/{os.getpid()}"
    applied = None
    try:
        variables = TEST_VARIABLES | (UNSUBSCRIBE if emulator.has_full_ses else {})
        applied = deploy(emulator, work, variables=variables)
        yield applied
    finally:
        if applied and emulator.is_shared:
            applied.terraform.destroy()
        shutil.rmtree(BUILD / work, ignore_errors=True)


@pytest.fixture(scope="session")
def engine(deployment: Deployment) -> EngineUnderTest:
    """The deployed engine, with a subscriber to its status events from the start."""
    deployed = deployment.engine
    under_test = EngineUnderTest(deployed.emulator, deployed.outputs, deployed.name)
    assert under_test.subscriber.collect() == []
    under_test.change_environment("EmailSender", SESMAIL_CLAIM_SETTLE_SECONDS=str(SETTLE_SECONDS))
    return under_test
