"""What an agent reads where AWS fails: nothing that makes it repeat a call."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sesmail_cli.agent.tools import AgentTools
from sesmail_cli.agent.verdicts import NOT_TAKEN_UP, all_texts
from sesmail_layer.domain.errors import TransientError
from tests.cli.conftest import ADA, MotoEngine
from tests.cli.mcp_agent import Agent, agent_fixture, sender_fixture, tools_fixture  # noqa: F401

REPEATS = re.compile(r"retry|try again|once more|repeat|send it again|run the command", re.IGNORECASE)


def test_no_text_tells_an_agent_to_repeat_a_call() -> None:
    for text in all_texts():
        assert not REPEATS.search(text), text


THROTTLED = ClientError(
    {
        "Error": {"Code": "ThrottlingException", "Message": "Retry with ada@example.com"},
        "ResponseMetadata": {"HTTPStatusCode": 400},  # type: ignore[typeddict-item]
    },
    "BatchGetItem",
)
BROKEN = ClientError(
    {
        "Error": {"Code": "InternalFailure", "Message": "Please retry"},
        "ResponseMetadata": {"HTTPStatusCode": 500},  # type: ignore[typeddict-item]
    },
    "PutEvents",
)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://events.example.com")


def transient() -> TransientError:
    error = TransientError("Failed: retry", code="X")
    error.__cause__ = THROTTLED
    return error


class Failing:
    """A part of the engine that fails after some calls."""

    def __init__(self, call: Callable[..., Any], error: Exception, good_calls: int = 0) -> None:
        self._call, self._error, self._left = call, error, good_calls

    def __call__(self, *args: Any, **more: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return self._call(*args, **more)


@pytest.mark.parametrize("error", [transient(), THROTTLED, UNREACHABLE])
def test_where_aws_fails_after_the_request_was_taken_the_email_exists(
    agent: Agent, tools: AgentTools, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(tools, "_record", Failing(tools._record, error, good_calls=1))

    answer = agent.send("ticket-1", ADA)
    assert (answer["status"], answer["whatToDo"]) == (None, NOT_TAKEN_UP)


@pytest.mark.parametrize("error", [transient(), THROTTLED, UNREACHABLE])
def test_where_aws_fails_before_it_an_agent_reads_operation_and_code_alone(
    agent: Agent, tools: AgentTools, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(tools, "_record", Failing(tools._record, error))

    for text in (agent.send("ticket-1", ADA), agent.call("email_status", emailId="ticket-1")):
        reason = "EndpointConnectionError" if error is UNREACHABLE else "BatchGetItem: ThrottlingException"
        assert text.endswith(f"Tell a person: AWS failed ({reason}). Nothing was sent or changed.")
        assert not REPEATS.search(text)
    assert engine.bodies("published") == []


@pytest.mark.parametrize("error", [UNREACHABLE, BROKEN])
def test_where_the_answer_to_the_request_is_lost_nothing_is_claimed(
    agent: Agent, tools: AgentTools, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    for call in ("send", "cancel"):
        monkeypatch.setattr(tools._client, call, Failing(getattr(tools._client, call), error))

    text = agent.send("ticket-1", ADA)
    assert "It is not known whether the request was taken: look at email_status" in text
    assert "Do not request it under another emailId" in text
    assert "Nothing was sent" not in text
    assert not REPEATS.search(text)


def test_what_eventbridge_denies_was_not_sent(agent: Agent, tools: AgentTools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools._client, "send", Failing(tools._client.send, THROTTLED))

    assert "Nothing was sent or changed." in agent.send("ticket-1", ADA)
