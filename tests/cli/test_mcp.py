"""`sesmail mcp`: a client of the SDK sends through the real sender on moto, and is stopped by it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from localcloud.paths import REPOSITORY
from localcloud.snippets import snippet
from sesmail_cli.agent.tools import AgentTools
from sesmail_cli.agent.verdicts import CANCEL_REQUESTED
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ACCOUNT_ID, ADA, NAME, T0, MotoEngine, sesmail
from tests.cli.mcp_agent import AGENT, DATA, POLICY, Agent, agent_fixture, sender_fixture, tools_fixture, without  # noqa: F401
from tests.cli.moto_sender import METADATA, MotoSender

PAGE = REPOSITORY / "docs" / "ai-agents.md"
A_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_it_lists_the_templates_of_its_policy_alone(agent: Agent) -> None:
    required = ["userName", "answer"]
    description = "Answers a customer's question."
    assert agent.call("list_templates") == {
        "result": [{"template": "support-answer", "description": description, "required": required, "optional": []}]
    }


def test_it_previews_without_sending(agent: Agent, sender: MotoSender) -> None:
    answer = agent.call("preview_email", template="support-answer", data=DATA)

    assert answer == {"subject": "Your question", "text": "Hello Ada, it is fixed.", "htmlBytes": 30}
    assert "Missing required variables: ['answer']" in agent.call(
        "preview_email", template="support-answer", data={"userName": "Ada"}
    )
    assert "templateName 'newsletter' is not among" in agent.call("preview_email", template="newsletter", data=DATA)
    assert sender.mails() == 0


def test_it_sends_an_email_once(agent: Agent, sender: MotoSender) -> None:
    assert agent.send("ticket-1", ADA)["status"] == "sent"

    other = agent.send("ticket-1", ADA, data=DATA | {"answer": "it is not fixed."})
    assert other["whatToDo"].startswith("This emailId was used before, so nothing was sent by this call.")
    assert agent.call("email_status", emailId="ticket-1")["status"] == "sent"
    assert sender.mails() == 1


def test_stopped_by_first_contacts_it_reads_why_and_finds_no_way_round(agent: Agent, sender: MotoSender) -> None:
    assert [agent.send(f"ticket-{number}", f"c{number}@example.org")["status"] for number in (1, 2)] == ["sent"] * 2

    stopped = agent.send("ticket-3", "c3@example.org")
    assert (stopped["status"], stopped["reason"]) == ("deferred", "first_contacts")
    assert stopped["until"] > T0
    assert "Do not send it under another emailId" in stopped["whatToDo"]

    # What an agent might think of.
    assert agent.send("ticket-3", "c3@example.org")["status"] == "deferred"
    assert agent.send("ticket-3-b", "c3@example.org")["reason"] == "first_contacts"
    assert agent.send("ticket-3-c", "C3@Example.org")["reason"] == "first_contacts"
    assert agent.send("ticket-3-d", "c3+x@example.org")["reason"] == "first_contacts"
    assert agent.call("email_status", emailId="ticket-3")["whatToDo"] == stopped["whatToDo"]
    assert sender.mails() == 2


def test_it_cancels_what_is_held(agent: Agent, sender: MotoSender) -> None:
    for number in (1, 2, 3):
        agent.send(f"ticket-{number}", f"c{number}@example.org")

    assert agent.call("cancel_email", emailId="ticket-3")["errorType"] == "cancelled"
    assert "SES has it" in agent.call("cancel_email", emailId="ticket-1")["whatToDo"]
    assert sender.mails() == 2


@pytest.mark.parametrize("status", [Status.SENDING, Status.DEFERRED])
def test_a_cancellation_that_is_not_decided_yet_is_waited_for(
    agent: Agent, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    """The engine may be late, and a worker that has claimed the email decides."""
    held = Entry("mark/1/00001/held", T0, 1, status, detail={"reason": "first_contacts"})
    engine.record(held, email_id="ticket-1", original_source=AGENT)
    monkeypatch.setattr(MotoSender, "handle_all", lambda _: time.sleep(2))

    answer = agent.call("cancel_email", emailId="ticket-1")
    assert (answer["status"], answer["whatToDo"]) == (status, CANCEL_REQUESTED)
    assert len(engine.bodies("published")) == 1


def test_a_cancellation_of_what_a_worker_has_is_not_said_to_be_late(agent: Agent, engine: MotoEngine) -> None:
    engine.record(Entry("cancelled", T0, 1, what="cancelled"), email_id="ticket-1", original_source=AGENT)

    assert agent.call("email_status", emailId="ticket-1")["whatToDo"] == CANCEL_REQUESTED


def test_it_cancels_an_email_before_its_request_arrives(agent: Agent, sender: MotoSender) -> None:
    assert agent.call("cancel_email", emailId="ticket-1")["errorType"] == "cancelled"

    assert agent.send("ticket-1", ADA)["whatToDo"].startswith("This emailId was used before, so nothing was sent")
    assert sender.mails() == 0


def test_an_id_that_cannot_be_one_is_not_cancelled(agent: Agent, engine: MotoEngine) -> None:
    assert "correct this field" in agent.call("cancel_email", emailId="a b")
    assert engine.bodies("published") == []


def test_it_neither_sees_nor_cancels_another_producers_email(agent: Agent, engine: MotoEngine) -> None:
    deferred = Entry("mark/1/00001/deferred", T0, 1, Status.DEFERRED, detail={"reason": "scheduled"})
    engine.record(deferred, email_id="order-1", original_source="shop", error_message="secret")

    assert "This producer has no email with this emailId" in agent.call("email_status", emailId="order-1")
    assert "secret" not in str(agent.call("cancel_email", emailId="order-1"))
    assert engine.item("EmailTracking", "order-1")["status"] == {"S": "deferred"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": "newsletter"}, "templateName 'newsletter' is not among ['support-*']"),
        ({"to": "nonsense"}, "Invalid email address format: to 'n***'."),
        ({"to": "a@example.com, b@example.com"}, "Invalid email address format"),
        ({"data": DATA | {"senderEmail": "ceo@example.com"}}, "data names senderEmail: the sender is not yours"),
        ({"data": DATA | {"senderDisplayName": "The CEO"}}, "data names senderDisplayName"),
        ({"emailId": ""}, "emailId"),
        ({"emailId": "a b"}, "emailId"),
        ({"data": {"x": "y" * 300_000}}, "max_request_kb"),
    ],
)
def test_what_is_not_allowed_is_refused_before_the_bus(
    agent: Agent, engine: MotoEngine, changes: dict[str, Any], message: str
) -> None:
    answer = agent.send("ticket-1", ADA, **changes)

    assert message in answer
    assert engine.bodies("published") == []


def test_an_email_that_failed_in_rendering_is_corrected_under_a_new_id(agent: Agent, sender: MotoSender) -> None:
    wrong = agent.send("ticket-1", ADA, data={"userName": "Ada"})

    assert (wrong["status"], wrong["errorType"]) == ("failed", "template_render_error")
    assert "corrected data need a new one" in wrong["whatToDo"]
    assert agent.send("ticket-1", ADA)["whatToDo"].startswith("This emailId was used before, so nothing was sent")
    assert agent.send("ticket-1-corrected", ADA)["status"] == "sent"
    assert sender.mails() == 1


def test_a_rejected_request_is_corrected_under_its_id(agent: Agent, engine: MotoEngine, sender: MotoSender) -> None:
    """The tools check before the bus; what only the engine finds wrong leaves the id free."""
    detail = {"errorType": "validation_error", "errorMessage": "x"}
    engine.record(Entry("failed/1", T0, 1, Status.FAILED, detail=detail), email_id="ticket-1", original_source=AGENT)

    assert "with the same emailId" in agent.call("email_status", emailId="ticket-1")["whatToDo"]
    assert agent.send("ticket-1", ADA)["status"] == "sent"


def test_a_request_that_is_found_wrong_after_it_was_accepted_needs_a_new_id(agent: Agent, engine: MotoEngine) -> None:
    """Such as a template without a subject: the same id would be answered by the same record for ever."""
    key = "templates/support-answer/metadata.json"
    content = json.dumps(METADATA | {"subject": ""}).encode()
    engine.s3.put_object(Bucket=f"{NAME}-templates-{ACCOUNT_ID}", Key=key, Body=content)

    wrong = agent.send("ticket-1", ADA)
    assert (wrong["errorType"], wrong["errorMessage"]) == (
        "validation_error",
        "Validation error: No subject provided in event or template",
    )
    assert "with the same emailId" not in wrong["whatToDo"]
    assert "corrected data need a new one" in wrong["whatToDo"]


def test_a_suppressed_address_is_said_with_its_reason(agent: Agent, engine: MotoEngine) -> None:
    assert agent.call("is_suppressed", address=ADA)["suppressed"] is False
    engine.suppress(SuppressionReason.SPAM_COMPLAINT)

    answer = agent.call("is_suppressed", address="ADA@example.com")
    assert (answer["suppressed"], answer["reason"]) == (True, "the recipient complained about an email")
    assert agent.send("ticket-1", ADA)["errorType"] == "suppressed"
    assert "found no email address" in agent.call("is_suppressed", address="ada")


def test_a_policy_that_was_withdrawn_stops_the_agent_at_once(agent: Agent, engine: MotoEngine) -> None:
    disabled = POLICY | {"enabled": {"BOOL": False}}
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=disabled)

    assert "it is not enabled" in agent.send("ticket-1", ADA)
    assert agent.call("list_templates") == {"result": []}


def test_a_producer_without_a_policy_gets_no_tools(engine: MotoEngine) -> None:
    result = sesmail("mcp", "--producer", "shop")

    assert result.exit_code == 2
    assert "Producer 'shop' has no policy, so nothing would limit an agent" in result.stderr


LIMITS = [
    (("templates",), "it lacks templates."),
    (("senders",), "it lacks senders."),
    (("emailsPerDay", "firstContactsPerHour"), "it lacks emails_per_day or first_contacts_per_hour."),
    (("templates", "senders"), "it lacks templates, senders."),
]


@pytest.mark.parametrize(("left_out", "message"), LIMITS)
def test_a_policy_that_does_not_limit_an_agent_gives_no_tools(
    engine: MotoEngine, left_out: tuple[str, ...], message: str
) -> None:
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=without(left_out))

    with pytest.raises(UsageError, match=re.escape(message)):
        AgentTools(Engine(NAME), AGENT, wait_seconds=0)


@pytest.mark.usefixtures("agent")
def test_one_cap_is_enough(engine: MotoEngine) -> None:
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=without(["emailsPerDay"]))
    assert AgentTools(Engine(NAME), AGENT, wait_seconds=0).list_templates() != []


@pytest.mark.parametrize("limit", ["templates", "senders"])
def test_a_limit_that_was_taken_away_stops_the_agent_at_once(agent: Agent, engine: MotoEngine, limit: str) -> None:
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=without([limit]))

    for answer in (agent.send("ticket-1", ADA), agent.call("list_templates")):
        assert f"policy lacks {limit}, so nothing is sent. Tell a person." in answer
    assert engine.bodies("published") == []


def test_the_variables_that_choose_the_sender_are_not_offered(agent: Agent, engine: MotoEngine) -> None:
    sender = {"requiredVariables": ["answer", "senderEmail"], "optionalVariables": ["userName", "senderDisplayName"]}
    key = "templates/support-answer/metadata.json"
    content = json.dumps(METADATA | sender | {"senderEmail": "{{ senderEmail }}"}).encode()
    engine.s3.put_object(Bucket=f"{NAME}-templates-{ACCOUNT_ID}", Key=key, Body=content)

    [template] = agent.call("list_templates")["result"]
    assert (template["required"], template["optional"]) == (["answer"], ["userName"])
    named = DATA | {"senderEmail": "ceo@example.com"}
    assert "data names senderEmail" in agent.call("preview_email", template="support-answer", data=named)


def test_there_is_no_tool_that_an_operator_would_fear(agent: Agent) -> None:
    tools = {tool.name: tool for tool in agent.tools()}

    assert set(tools) == {
        *("list_templates", "preview_email", "send_email", "email_status", "is_suppressed", "cancel_email"),
    }
    assert set(tools["send_email"].input_schema["required"]) == {"emailId", "to", "template", "data"}
    assert set(tools["send_email"].input_schema["properties"]) == {"emailId", "to", "template", "data", "locale"}
    reading = {name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint}
    assert reading == set(tools) - {"send_email", "cancel_email"}


def test_the_session_of_the_page_is_what_happens(agent: Agent, sender: MotoSender) -> None:
    """docs/ai-agents.md shows calls and answers; its `until` stands for any time."""
    session = [json.loads(line) for line in snippet(PAGE, "jsonl", "send_email").splitlines()]
    for step in session:
        answer = agent.call(step["call"], **step["arguments"])
        assert A_TIME.sub("2026-11-25T10:31:00.000Z", json.dumps(answer)) == json.dumps(step["answer"]), step["call"]
    assert sender.mails() == 2
