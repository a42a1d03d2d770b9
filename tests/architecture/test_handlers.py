"""Handlers contain composition and one call; importing one has no effect."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import HANDLERS, ROOT, Source

# Imports a handler without environment variables; a client, a connection or a thread ends the process. `-I` ignores
# PYTHONPATH and the current folder.
_IMPORT = """
import importlib.util, socket, sys, threading
sys.path.insert(0, {python!r})
import boto3

def forbidden(*_args, **_kwargs):
    raise SystemExit("importing a handler made a client, a session, a connection or a thread")

boto3.client = boto3.resource = boto3.Session = boto3.session.Session = forbidden
socket.socket.connect = socket.getaddrinfo = threading.Thread.start = forbidden
spec = importlib.util.spec_from_file_location("handler", {path!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert callable(module.handler), "no handler"
assert "aws_xray_sdk" not in sys.modules, "the tracing SDK is imported although tracing is off"
"""

each_handler = pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in HANDLERS])


def test_every_function_has_a_handler() -> None:
    names = [path.parent.name for path in HANDLERS]
    assert names == ["email_sender", "feedback_processor", "status_webhook", "template_seeder", "unsubscribe"]


@each_handler
def test_a_handler_is_under_40_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 40


@each_handler
def test_a_handler_does_not_read_the_environment(path: Path) -> None:
    source = Source(path, ast.parse(path.read_text()))
    assert [name for name in source.imports() if name == "os" or name.startswith("os.")] == []


@each_handler
def test_importing_a_handler_has_no_effect(path: Path) -> None:
    code = _IMPORT.format(python=str(ROOT / "python"), path=str(path))
    ended = subprocess.run([sys.executable, "-I", "-c", code], env={}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
