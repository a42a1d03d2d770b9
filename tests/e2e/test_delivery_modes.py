"""Delivery modes on the deployed engine: no address outside the allowed receives a mail, every allowed one does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from localcloud.deployment import Deployment
from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.mailbox import Mail
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.variables import SETTLE_SECONDS

Switch = Callable[..., None]


def address(domain: str = "customers.example") -> str:
    return f"someone-{uuid.uuid4().hex[:8]}@{domain}"


@pytest.fixture(scope="module")
def switch(deployment: Deployment, engine: EngineUnderTest) -> Iterator[Switch]:
    """Apply another value of `delivery`; the engine is live again after this file."""
    terraform = deployment.terraform
    live = terraform.variables

    def apply(**delivery: Any) -> None:
        values = {**live, "delivery": delivery}
        (terraform.root / "emulator.auto.tfvars.json").write_text(json.dumps(values))
        terraform.apply()
        engine.change_environment("EmailSender", SESMAIL_CLAIM_SETTLE_SECONDS=str(SETTLE_SECONDS))

    yield apply
    apply(mode="live")


def new_mails(engine: EngineUnderTest, before: int) -> list[Mail]:
    return engine.mails()[before:]


def _is_published(engine: EngineUnderTest, email_id: str) -> bool:
    return {"sent", "delivered"} <= set(engine.statuses_of(email_id))


def everyone(fields: dict[str, Any]) -> list[str]:
    return [fields["to"], *fields.get("cc", []), *fields.get("bcc", [])]


def test_redirect_sends_everything_to_one_mailbox_whose_bounces_concern_nobody(
    engine: EngineUnderTest, switch: Switch
) -> None:
    before, listed = len(engine.mails()), engine.scan(engine.outputs["suppression_table_name"])
    records, customers = [], []
    for outcome, status in (("bounce", "bounced"), ("complaint", "complained"), ("softbounce", "soft_bounced")):
        mailbox = f"{outcome}@{SIMULATOR_DOMAIN}"
        if outcome == "bounce":
            switch(mode="redirect", to=mailbox)
        else:
            engine.change_environment("EmailSender", SESMAIL_DELIVERY_TO=mailbox)
        for priority in ("transactional", "bulk"):
            fields: dict[str, Any] = {"to": address(), "cc": [address()], "bcc": [address()], "priority": priority}
            email_id = engine.put_email_request(**fields)
            record = engine.wait_for_status(email_id, status)
            records.append(record)
            customers += everyone(fields)
            assert (record["toEmail"], record["redirectedTo"]) == (fields["to"], mailbox)
            assert record["deliveryMode"] == "redirect"
            [mail] = [one for one in new_mails(engine, before) if one.message_id == record["sesMessageId"]]
            assert mail.destinations == (mailbox,)
            assert mail.parsed.get_all("To") == [mailbox]
            assert mail.parsed.get_all("Cc") is None
            assert mail.parsed["X-Original-To"] == fields["to"]
            assert mail.parsed["X-Original-Cc"] == fields["cc"][0]
            assert mail.parsed["X-Original-Bcc"] == fields["bcc"][0]
            assert mail.subject.startswith(f"[to {fields['to']}] ")
    engine.wait_until_idle()

    mails = new_mails(engine, before)
    assert len(mails) == len(records), "a retry was sent"
    assert not {one for mail in mails for one in mail.destinations} & set(customers)
    assert engine.scan(engine.outputs["suppression_table_name"]) == listed
    assert not engine.depths(DEAD_LETTER_QUEUES)


def test_allow_sends_to_listed_addresses_and_domains_alone(engine: EngineUnderTest, switch: Switch) -> None:
    ada = address()
    switch(
        mode="allow",
        allow=[ada.upper().replace("CUSTOMERS.EXAMPLE", "Customers.Example"), "team.example", "*.labs.example"],
    )
    before = len(engine.mails())
    allowed = [ada, address("team.example"), address("a.b.labs.example"), address("x.labs.example")]
    others = [address(), address("sub.team.example"), address("labs.example"), address("badteam.example"), address()]
    requests: list[dict[str, Any]] = [
        {"to": ada.replace("someone", "Someone")},
        {"to": allowed[1], "cc": [others[0], allowed[2]], "bcc": [others[1], allowed[3]]},
        {"to": others[2], "cc": [ada], "bcc": [allowed[1]]},
        {"to": others[3], "priority": "bulk"},
        {"to": others[4]},
    ]
    ids = [engine.put_email_request(**fields) for fields in requests]
    records = [engine.wait_for_status(email_id, "delivered") for email_id in ids]
    engine.wait_until_idle()

    mails = new_mails(engine, before)
    reached = [one.casefold() for mail in mails for one in mail.destinations]
    assert sorted(reached) == sorted(allowed)
    assert not any(other.encode() in mail.raw for mail in mails for other in others)
    assert [bool(record.get("sink")) for record in records] == [False, False, True, True, True]
    assert {record["deliveryMode"] for record in records} == {"allow"}
    dropped = {one: state.get("errorType") for one, state in records[1]["recipients"].items()}
    assert dropped == {others[0]: "not_allowed", others[1]: "not_allowed", allowed[2]: None, allowed[3]: None}


def test_sink_hands_ses_nothing_and_says_so(engine: EngineUnderTest, switch: Switch) -> None:
    switch(mode="sink")
    before = len(engine.mails())
    requests: list[dict[str, Any]] = [
        {"to": address(), "cc": [address()]},
        {"to": address(), "priority": "bulk"},
        {"to": f"bounce@{SIMULATOR_DOMAIN}"},
    ]
    ids = [engine.put_email_request(**fields) for fields in requests]
    for email_id in ids:
        record = engine.wait_for_status(email_id, "delivered")
        assert record["sink"] is True
        assert record["deliveryMode"] == "sink"
        assert record["sesMessageId"] == f"sink-{email_id}-1"
        wait_for(partial(_is_published, engine, email_id), "the status events")
        published = engine.subscriber.details_of(email_id)
        assert {one["status"] for one in published} == {"sent", "delivered"}
        assert all(one["sink"] is True for one in published)
    failed = engine.wait_for_status(engine.put_email_request(address(), templateData={}), "failed")
    assert failed["errorType"] == "template_render_error"
    engine.wait_until_idle()

    assert not new_mails(engine, before)


def test_live_again_sends_to_everyone(engine: EngineUnderTest, switch: Switch) -> None:
    switch(mode="live")
    fields: dict[str, Any] = {"to": address("example.org"), "cc": [address("example.org")]}
    record = engine.wait_for_status(engine.put_email_request(**fields), "delivered")

    assert not {"deliveryMode", "redirectedTo", "sink"} & set(record)
    [mail] = engine.mails_to(fields["to"])
    assert sorted(mail.destinations) == sorted(everyone(fields))
