"""X-Ray in the built layer: its SDK is loaded, and hears of SES, only where tracing is on."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.functions.conftest import Package, run_handler
from tests.functions.test_email_sender import DETAIL, message, request, send

TRACE, SEGMENT = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"


def documents(daemon: socket.socket) -> list[dict[str, Any]]:
    """What X-Ray's daemon received: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html"""
    daemon.settimeout(0.5)
    found = []
    while True:
        try:
            found.append(json.loads(daemon.recv(65536).partition(b"\n")[2]))
        except TimeoutError:
            return found


def test_with_tracing_the_call_of_ses_is_in_the_invocations_trace(package: Package) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        traced = {
            "SESMAIL_TRACING": "true",
            # What Lambda sets: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
            "LAMBDA_TASK_ROOT": "/var/task",
            "_X_AMZN_TRACE_ID": f"Root={TRACE};Parent={SEGMENT};Sampled=1",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
        }
        ran = send(package, message("1", request("event-1", DETAIL)), environment=traced)
        assert len(ran.mails) == 1
        assert "aws_xray_sdk" in ran.modules
        received = documents(daemon)
    (ses,) = [one for one in received if one["aws"]["operation"] == "SendEmail"]
    assert (ses["name"], ses["trace_id"], ses["parent_id"]) == ("email", TRACE, SEGMENT)
    assert "john@example.com" not in json.dumps(received)


@pytest.mark.parametrize("function", ["email_sender", "feedback_processor"])
def test_without_tracing_the_sdk_is_not_loaded(function: str, package: Package) -> None:
    ran = run_handler(package, function, {"event": {"Records": [message("1", request("event-1", DETAIL))]}})
    assert [module for module in ran.modules if module.split(".")[0] in ("aws_xray_sdk", "wrapt")] == []
