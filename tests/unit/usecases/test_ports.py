"""The fakes of tools/simulation are called as the ports say: a test that passes with them says something."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest

from sesmail_layer.usecases import ports
from sesmail_layer.usecases.sender.ports import SenderPorts
from tools.simulation.sender import Sender


def signatures(of: object, protocol: type) -> dict[str, list[tuple[str, Any]]]:
    """The parameters of the protocol's methods, as another class or object has them."""
    names = [name for name, member in vars(protocol).items() if inspect.isfunction(member) and name[0] != "_"]
    found = {}
    for name in names:
        parameters = inspect.signature(getattr(of, name)).parameters.values()
        found[name] = [(one.name, one.kind) for one in parameters if one.name != "self"]
    return found


def fakes() -> Iterator[tuple[str, type, object]]:
    handed_in = Sender().ports()
    for field, kind in get_type_hints(SenderPorts).items():
        if getattr(kind, "_is_protocol", False) and field not in ("metrics", "log"):
            yield field, kind, getattr(handed_in, field)


@pytest.mark.parametrize(("protocol", "fake"), [pytest.param(kind, fake, id=field) for field, kind, fake in fakes()])
def test_a_fake_takes_what_its_port_takes(protocol: type, fake: object) -> None:
    assert signatures(protocol, protocol)
    assert signatures(fake, protocol) == signatures(protocol, protocol)


def test_both_functions_share_these_ports() -> None:
    """A port of one function alone is in that function's room; `Announcement` is what a port takes."""
    protocols = {name for name, member in vars(ports).items() if getattr(member, "_is_protocol", False)}
    shared = protocols - {"Protocol", "Announcement"}
    used = {kind.__name__ for kind in get_type_hints(SenderPorts).values() if kind.__module__ == ports.__name__}
    assert shared == used
