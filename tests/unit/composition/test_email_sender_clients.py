"""No client that a function makes waits for a server longer than the function may.

The clients are found in what the composition roots make, whatever holds them: a new one without limits is found too.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError

from sesmail_layer.aws.clients import SIZE_CLASSES, client, session
from sesmail_layer.composition.email_sender import EmailSender
from sesmail_layer.composition.feedback_processor import FeedbackProcessor
from tools.simulation.environment import default_settings

FEEDBACK_SECONDS = 15
"""`feedback_processor_timeout`, the shorter of the two functions."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    session.cache_clear()
    yield
    session.cache_clear()


def sender() -> object:
    return EmailSender(default_settings(name="shop"))


def processor() -> object:
    return FeedbackProcessor(default_settings(name="shop", SESMAIL_TIMEOUT_SECONDS=str(FEEDBACK_SECONDS)))


def seeder() -> object:
    """The seeder's handler makes its one client when it is called."""
    return [client("s3")]


FUNCTIONS = pytest.mark.parametrize("make", [sender, processor, seeder], ids=lambda make: make.__name__)


def clients_of(root: object) -> list[Any]:
    """Every botocore client that can be reached from an object."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    rest = [root]
    while rest:
        one = rest.pop()
        if id(one) in seen or isinstance(one, str | bytes | int | float | type(None) | type):
            continue
        seen.add(id(one))
        if type(one).__name__ == "_Client" or hasattr(type(one), "_make_api_call"):
            found[id(one)] = one
        elif isinstance(one, list | tuple | set | frozenset):
            rest += one
        elif isinstance(one, dict):
            rest += one.values()
        elif type(one).__module__.startswith(("sesmail_layer", "functools")) or callable(one):
            rest += parts(one)
    return list(found.values())


def parts(one: object) -> list[object]:
    names = {*getattr(one, "__dict__", {}), *getattr(one, "__struct_fields__", ())}
    cells = [cell.cell_contents for cell in getattr(one, "__closure__", None) or ()]
    return [*(getattr(one, name) for name in names), *cells, getattr(one, "__self__", None)]


def services(clients: list[Any]) -> dict[str, int]:
    names = [one.meta.service_model.service_name for one in clients]
    return {name: names.count(name) for name in names}


def test_the_clients_of_the_functions_are_found() -> None:
    of_sender = services(clients_of(sender()))
    assert of_sender.keys() >= {"dynamodb", "sqs", "s3", "sns", "events", "ses"}
    assert services(clients_of(processor())).keys() >= {"dynamodb", "sqs", "events", "cloudwatch"}


@FUNCTIONS
def test_every_client_of_a_function_has_short_time_outs_and_few_attempts(make: Callable[[], object]) -> None:
    for one in clients_of(make()):
        config, service = one.meta.config, one.meta.service_model.service_name
        longest_read = {"s3": 5, "ses": SIZE_CLASSES[-1].read_seconds, "sesv2": SIZE_CLASSES[-1].read_seconds}
        assert 1 <= config.connect_timeout <= 2, service
        assert 2 <= config.read_timeout <= longest_read.get(service, 3), service
        assert config.retries["total_max_attempts"] <= (1 if service.startswith("ses") else 3), service
        assert config.retries["mode"] == "standard", service
        assert config.tcp_keepalive, service


@pytest.mark.parametrize("seconds", [5, 10, 15, 30])
def test_no_call_may_take_longer_than_its_function(seconds: float) -> None:
    settings = default_settings(name="shop", SESMAIL_TIMEOUT_SECONDS=str(seconds))
    for one in clients_of([FeedbackProcessor(settings), *([EmailSender(settings)] if seconds >= 10 else [])]):
        config, service = one.meta.config, one.meta.service_model.service_name
        assert config.retries["total_max_attempts"] * config.read_timeout + 1 <= 0.75 * seconds, service
        assert config.connect_timeout + config.read_timeout <= 0.75 * seconds, service


@FUNCTIONS
def test_no_client_is_created_before_it_is_used(make: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    created: list[str] = []
    original = botocore.session.Session.create_client

    def create(self: Any, service: str, *rest: Any, **named: Any) -> Any:
        created.append(service)
        return original(self, service, *rest, **named)

    monkeypatch.setattr(botocore.session.Session, "create_client", create)
    found = clients_of(make())
    assert created == []

    for one in found:
        assert one.meta.config is one.meta.config
    assert len(created) == len(found)


CALLS: dict[str, Callable[[Any], object]] = {
    "cloudwatch": lambda c: c.describe_alarms(AlarmNames=["a"]),
    "dynamodb": lambda c: c.get_item(TableName="t", Key={"pk": {"S": "1"}}),
    "sqs": lambda c: c.send_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/1/q", MessageBody="{}"),
    "events": lambda c: c.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}]),
    "s3": lambda c: c.get_object(Bucket="bucket", Key="key"),
    "ses": lambda c: c.get_send_quota(),
    "sesv2": lambda c: c.get_account(),
    "sns": lambda c: c.publish(TopicArn="arn:aws:sns:eu-west-1:1:t", Message="m"),
    "ssm": lambda c: c.get_parameter(Name="n"),
}


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


def seconds_until_given_up(one: Any) -> float:
    started = time.monotonic()
    with pytest.raises(BotoCoreError):
        CALLS[one.meta.service_model.service_name](one)
    return time.monotonic() - started


@pytest.mark.usefixtures("silent")
def test_a_server_that_never_answers_is_given_up_on_within_the_function_s_time() -> None:
    used = {one.meta.service_model.service_name: one for one in clients_of([sender(), processor(), seeder()])}
    # The first of two with that limit in a function of 30 s: the other one is for large messages.
    of_sending = [one for one in clients_of(sender()) if one.meta.config.read_timeout == SIZE_CLASSES[0].read_seconds][
        :1
    ]
    with ThreadPoolExecutor() as pool:
        took = dict(zip(used, pool.map(seconds_until_given_up, used.values()), strict=True))
        [of_small_mail] = pool.map(seconds_until_given_up, of_sending)

    assert max(seconds for service, seconds in took.items() if not service.startswith("ses")) < FEEDBACK_SECONDS - 2
    assert SIZE_CLASSES[0].read_seconds <= of_small_mail < SIZE_CLASSES[0].read_seconds + 4
