"""`SESMailClient`: ids, batches, retries and cancellations, on a bus in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from sesmail_client import Email, InvalidEmailError, NotAcceptedError, SESMailClient, id_about
from sesmail_client.client import BYTES_PER_CALL
from sesmail_client.testing import FakeSESMailClient

GOOD: dict[str, Any] = {"to": "john@example.com", "template_name": "welcome"}
EMAIL: Email = {"to": "john@example.com", "template_name": "welcome"}


class Bus:
    """EventBridge that does not take an email as many times as given, and records every call."""

    def __init__(self, refusals: dict[str, list[str]] | None = None) -> None:
        self.refusals = refusals or {}
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert 1 <= len(Entries) <= 10
        self.calls.append(Entries)
        return {"Entries": [self._answer(json.loads(entry["Detail"])) for entry in Entries]}

    def _answer(self, detail: dict[str, Any]) -> dict[str, str]:
        left = self.refusals.get(str(detail.get("emailId")))
        return {"ErrorCode": left.pop(0), "ErrorMessage": "not now"} if left else {"EventId": "7e1c"}

    @property
    def ids(self) -> list[list[str]]:
        return [[json.loads(entry["Detail"])["emailId"] for entry in call] for call in self.calls]


def client_of(events: Any, **options: Any) -> SESMailClient:
    client = SESMailClient("shop.orders", events=events, **options)
    client._sleep = lambda _: None
    return client


def emails(count: int) -> Iterator[Email]:
    return ({**EMAIL, "email_id": f"newsletter:{number}"} for number in range(count))


def test_a_request_is_put_on_the_bus_in_the_names_of_the_contract() -> None:
    bus = Bus()
    client = client_of(bus, bus="acme-EmailBus")
    email_id = client.send(
        to="john@example.com",
        template_name="welcome",
        template_data={"userName": "Jöhn"},
        sender_override={"name": "Shop"},
        subject=None,
        email_id="order-4711",
    )
    assert email_id == "order-4711"
    [[entry]] = bus.calls
    detail = json.loads(entry.pop("Detail"))
    assert entry == {"Source": "shop.orders", "DetailType": "Email Request", "EventBusName": "acme-EmailBus"}
    assert detail == {
        "to": "john@example.com",
        "templateName": "welcome",
        "templateData": {"userName": "Jöhn"},
        "senderOverride": {"name": "Shop"},
        "emailId": "order-4711",
    }


def test_the_entry_is_one_that_eventbridge_takes() -> None:
    events = boto3.client("events", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(events) as stub:
        stub.add_response("put_events", {"Entries": [{"EventId": "7e1c"}], "FailedEntryCount": 0})
        assert client_of(events).send(**GOOD | {"email_id": "order-4711"}) == "order-4711"
        stub.assert_no_pending_responses()


def test_without_id_two_calls_are_two_emails() -> None:
    client = client_of(Bus())
    assert client.send(**GOOD) != client.send(**GOOD)


def test_the_random_id_is_kept_over_the_clients_own_tries() -> None:
    bus = Bus()
    answers = iter([{"ErrorCode": "ThrottlingException"}, {"ErrorCode": "InternalFailure"}, {"EventId": "7e1c"}])
    bus._answer = lambda detail: next(answers)  # type: ignore[method-assign]
    email_id = client_of(bus).send(**GOOD)
    assert bus.ids == [[email_id]] * 3


def test_the_same_about_is_the_same_email() -> None:
    client = client_of(Bus())
    first = client.send(**GOOD | {"about": "order-4711 confirmation for john@example.com"})
    assert client.send(**GOOD | {"about": "order-4711 confirmation for john@example.com"}) == first
    assert client.send(**GOOD | {"about": "order-4712 confirmation for john@example.com"}) != first
    assert "john" not in first


def test_ids_of_about_never_change() -> None:
    """Producers rely on them over releases, and over the clients' languages."""
    assert id_about("order-4711 confirmation") == "about-259528d63db37463fc8a9a468163f772"


@pytest.mark.parametrize("about", ["", 7])
def test_an_about_that_names_nothing_is_rejected(about: Any) -> None:
    with pytest.raises(InvalidEmailError, match="about: found no text"):
        client_of(Bus()).send(**GOOD | {"about": about})


def test_about_and_an_id_together_are_rejected() -> None:
    with pytest.raises(InvalidEmailError, match="about: found email_id as well; allowed: one of the two"):
        client_of(Bus()).send(**GOOD | {"about": "a", "email_id": "b"})


@pytest.mark.parametrize("source", ["", "*"])
def test_a_source_that_names_no_producer_is_rejected(source: str) -> None:
    with pytest.raises(ValueError, match="source: found"):
        SESMailClient(source, events=Bus())  # type: ignore[arg-type]


@pytest.mark.parametrize("tries", [0, -1])
def test_a_client_without_a_try_is_rejected_since_it_would_send_nothing(tries: int) -> None:
    with pytest.raises(ValueError, match=rf"^tries: found {tries}; allowed: 1 or more$"):
        client_of(Bus(), tries=tries)


def test_many_emails_go_in_batches_of_ten() -> None:
    bus, progress = Bus(), list[int]()
    ids = client_of(bus).send_many(emails(25), progress=progress.append)
    assert ids == [f"newsletter:{number}" for number in range(25)]
    assert [len(call) for call in bus.calls] == [10, 10, 5]
    assert progress == [10, 20, 25]


def test_a_batch_stays_below_the_size_of_one_call() -> None:
    bus = Bus()
    large: list[Email] = [
        {**EMAIL, "email_id": str(number), "template_data": {"text": "é" * 50_000}} for number in range(7)
    ]
    client_of(bus).send_many(large)
    assert sum(len(call) for call in bus.calls) == 7
    for call in bus.calls:
        assert sum(len(entry["Detail"].encode()) for entry in call) <= BYTES_PER_CALL
    assert len(bus.calls) == 4


def test_only_what_was_not_taken_is_put_again() -> None:
    bus = Bus({"newsletter:1": ["ThrottlingException"], "newsletter:2": ["InternalException", "ThrottlingException"]})
    client_of(bus).send_many(emails(3))
    assert bus.ids[1:] == [["newsletter:1", "newsletter:2"], ["newsletter:2"]]


def test_what_is_never_taken_is_named_after_all_tries() -> None:
    bus = Bus({"newsletter:11": ["ThrottlingException"] * 9})
    with pytest.raises(NotAcceptedError) as caught:
        client_of(bus, tries=3).send_many(emails(30))
    assert [(each.id, each.code) for each in caught.value.refused] == [("newsletter:11", "ThrottlingException")]
    assert caught.value.accepted == 19
    assert "1 events (ThrottlingException) after 19" in str(caught.value)
    assert len(bus.calls) == 4


def test_a_final_refusal_is_not_tried_again() -> None:
    bus = Bus({"newsletter:0": ["AccessDeniedException"] * 9})
    with pytest.raises(NotAcceptedError, match="AccessDeniedException"):
        client_of(bus).send_many(emails(1))
    assert len(bus.calls) == 1


def test_an_error_of_the_call_passes_through() -> None:
    events = boto3.client("events", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(events) as stub:
        stub.add_client_error("put_events", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDeniedException"):
            client_of(events).send(**GOOD)


def test_many_emails_need_ids_so_that_the_call_can_be_repeated() -> None:
    with pytest.raises(InvalidEmailError, match=r"emails\[1\]\.email_id: found nothing; allowed: email_id or about"):
        client_of(Bus()).send_many([{**EMAIL, "about": "a"}, EMAIL])


def test_an_invalid_email_is_named_by_its_place() -> None:
    with pytest.raises(InvalidEmailError, match=r"^emails\[12\]\.to: found 7"):
        client_of(Bus()).send_many([*emails(12), {**EMAIL, "to": 7, "email_id": "x"}])  # type: ignore[typeddict-item]


def test_two_emails_under_one_id_are_rejected_before_the_second_is_on_the_bus() -> None:
    bus = Bus()
    for fields in ({"about": "newsletter"}, {"email_id": "newsletter"}):
        many: Any = [{**EMAIL, "to": f"reader{number}@example.com", **fields} for number in range(2)]
        [field] = fields
        with pytest.raises(InvalidEmailError, match=rf"^emails\[1\]\.{field}: found that of another email"):
            client_of(bus).send_many(many)
    assert bus.calls == []


def test_the_same_email_twice_is_one_email() -> None:
    email: Email = {**EMAIL, "about": "newsletter for 17"}
    one: Email = {**email, "template_data": {"a": 1, "b": {"c": 2, "d": 3}}}
    other: Email = {"template_data": {"b": {"d": 3, "c": 2}, "a": 1}, **email}
    assert client_of(Bus()).send_many([email, email]) == [id_about("newsletter for 17")] * 2
    assert client_of(Bus()).send_many([one, other]) == [id_about("newsletter for 17")] * 2


def test_no_emails_are_no_call() -> None:
    bus = Bus()
    assert client_of(bus).send_many([]) == []
    assert bus.calls == []


@pytest.mark.parametrize(("max_request_kb", "fits"), [(256, False), (1024, True)])
def test_a_request_larger_than_the_engine_takes_is_rejected(max_request_kb: int, fits: bool) -> None:
    """Beyond the bus it would be lost: no queue takes it."""
    client = client_of(Bus(), max_request_kb=max_request_kb)
    if fits:
        client.send(**GOOD | {"template_data": {"text": "a" * 257_200}})
        return
    client.send(**GOOD | {"template_data": {"text": "a" * 256_000}})
    with pytest.raises(InvalidEmailError, match=r"^email: found \d+ bytes .*; allowed: 258048 \(max_request_kb\)"):
        client.send(**GOOD | {"template_data": {"text": "a" * 257_200}})


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"email_id": "order-4711"}, {"emailId": "order-4711"}),
        ({"about": "order-4711 confirmation"}, {"emailId": id_about("order-4711 confirmation")}),
        ({"tag": "spring-sale"}, {"tag": "spring-sale"}),
    ],
)
def test_a_cancellation_names_an_email_or_a_tag(given: dict[str, str], detail: dict[str, str]) -> None:
    client = FakeSESMailClient("shop.orders")
    client.cancel(**given)
    assert client.cancelled == [detail]
    assert client.sent == []


@pytest.mark.parametrize(
    "given", [{}, {"about": ""}, {"email_id": "a", "tag": "b"}, {"email_id": "a@b"}, {"tag": "spring sale"}]
)
def test_a_cancellation_of_nothing_or_of_a_wrong_name_is_rejected(given: dict[str, str]) -> None:
    with pytest.raises(InvalidEmailError, match=r"^(cancel|about|email_id|tag)"):
        FakeSESMailClient().cancel(**given)


OWN_LINK: dict[str, Any] = {"list_unsubscribe": True}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "list_unsubscribe: found true in mail that is not bulk; allowed: with priority='bulk', also where"),
        ({"priority": "transactional"}, "list_unsubscribe: found true in mail that is not bulk"),
        ({"priority": "bulk", "cc": ["jane@example.com"]}, "list_unsubscribe: found true with cc or bcc; allowed: wit"),
        ({"priority": "bulk", "bcc": ["jane@example.com"]}, "list_unsubscribe: found true with cc or bcc"),
    ],
)
def test_the_engines_own_link_is_for_bulk_mail_to_one_recipient(fields: dict[str, Any], message: str) -> None:
    bus = Bus()
    with pytest.raises(InvalidEmailError) as caught:
        client_of(bus).send(**GOOD | OWN_LINK | fields)
    assert str(caught.value).startswith(message)
    with pytest.raises(InvalidEmailError, match=r"^emails\[0\]\.list_unsubscribe: found true"):
        client_of(bus).send_many([{**EMAIL, "email_id": "a", **OWN_LINK, **fields}])  # type: ignore[typeddict-item]
    assert bus.calls == []


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        (OWN_LINK | {"priority": "bulk", "cc": []}, True),
        ({"list_unsubscribe": False}, False),
        (
            {"list_unsubscribe": {"url": "https://example.com/u"}, "cc": ["jane@example.com"]},
            {"url": "https://example.com/u"},
        ),
    ],
)
def test_a_link_that_can_stop_something_reaches_the_bus(fields: dict[str, Any], sent: object) -> None:
    bus = Bus()
    client_of(bus).send(**GOOD | fields)
    [[entry]] = bus.calls
    assert json.loads(entry["Detail"])["listUnsubscribe"] == sent


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"email_id": "news-1"}, {"emailId": "news-1"}),
        ({"about": "order-4711 confirmation"}, {"emailId": "about-259528d63db37463fc8a9a468163f772"}),
        ({"email": "Ada@example.com", "topic": None}, {"email": "Ada@example.com"}),
        (
            {"email": "ada@example.com", "topic": "weekly-digest"},
            {"email": "ada@example.com", "topic": "weekly-digest"},
        ),
    ],
)
def test_an_unsubscription_names_an_email_or_an_address(given: dict[str, Any], detail: dict[str, str]) -> None:
    bus = Bus()
    client_of(bus).request_unsubscribe(**given)
    [[entry]] = bus.calls
    assert entry["DetailType"] == "Email Unsubscribe Requested"
    assert json.loads(entry["Detail"]) == detail


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "request_unsubscribe: found none of them; allowed: one of email_id, about and email"),
        ({"topic": "weekly-digest"}, "request_unsubscribe: found none of them"),
        ({"email_id": "a", "email": "ada@example.com"}, "request_unsubscribe: found several of them"),
        ({"about": "a", "topic": "b"}, "topic: found one where the email names it; allowed: with email alone"),
        ({"email_id": "a@b"}, "email_id: found a text of 3 characters; allowed: what matches"),
        ({"email": "a"}, "email: found a text of 1 characters; allowed: at least 3 characters"),
        ({"email": "ada@example.com", "topic": "*"}, "topic: found a text of 1 characters; allowed: what matches"),
        ({"mail": "ada@example.com"}, "mail: found an unknown field; allowed: email (did you mean it?)"),
    ],
)
def test_an_unsubscription_of_nothing_or_of_a_wrong_name_is_rejected(given: dict[str, Any], message: str) -> None:
    bus = Bus()
    with pytest.raises(InvalidEmailError) as caught:
        client_of(bus).request_unsubscribe(**given)
    assert str(caught.value).startswith(message)
    assert bus.calls == []


def test_an_unsubscription_that_is_not_taken_shows_no_address() -> None:
    client = FakeSESMailClient()
    client.refuse("AccessDeniedException")
    with pytest.raises(NotAcceptedError) as caught:
        client.request_unsubscribe(email="ada@example.com", topic="weekly-digest")
    assert "ada" not in f"{caught.value}{caught.value.refused}"
    assert client.unsubscribed == []


def test_the_fake_keeps_unsubscriptions() -> None:
    client = FakeSESMailClient()
    client.request_unsubscribe(email="ada@example.com")
    assert client.unsubscribed == [{"email": "ada@example.com"}]
    assert client.sent == []
    assert client.cancelled == []
