"""One emulator and one applied stack for all end-to-end tests of a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.harness import emulator as emulators
from tests.e2e.harness.deployment import Deployment, deploy
from tests.e2e.harness.emulator import Emulator
from tests.e2e.harness.inventory import inventory
from tests.e2e.harness.paths import BUILD
from tests.e2e.harness.stack import Stack
from tests.e2e.harness.variables import TEST_VARIABLES


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: runs after all other tests, since it takes the stack away")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """The endpoint that `BACKEND` asks for."""
    started = emulators.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def inventory_before(emulator: Emulator) -> set[str]:
    """What was in the account before Terraform came."""
    return inventory(emulator)


@pytest.fixture(scope="session")
def deployment(emulator: Emulator, inventory_before: set[str]) -> Iterator[Deployment]:
    """The stack as Terraform applied it, in a folder of this run's own."""
    work = f"e2e/{os.getpid()}"
    try:
        yield deploy(emulator, work, variables=TEST_VARIABLES)
    finally:
        shutil.rmtree(BUILD / work, ignore_errors=True)


@pytest.fixture(scope="session")
def stack(deployment: Deployment) -> Stack:
    """The applied stack, with a subscriber to its status events from the start."""
    assert deployment.stack.subscriber.collect() == []
    return deployment.stack
