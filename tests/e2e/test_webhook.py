"""A producer's webhooks, from `modules/producer`: its statuses arrive at a URL, with a key or with a signature."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from localcloud.clients import client
from localcloud.deployment import variables_for
from localcloud.package import build_package
from localcloud.paths import BUILD
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.terraform import OVERRIDE, Terraform
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest
from tests.webhook.receiver import SILENT, Call, Receiver, receiving

SOURCE, SIGNED_SOURCE = "shop.webhook", "shop.signed"
KEY = "a-key-of-this-test-0123456789"
MAX_TRIES = 3
ROOT = """
provider "aws" {
  region = "%(region)s"
}

variable "secret_version" {
  type    = number
  default = 1
}

module "producer" {
  source            = "../modules/producer"
  event_bus_name    = "%(bus)s"
  event_source      = "%(source)s"
  statuses          = ["delivered", "bounced"]
  status_target     = { type = "https", url = "%(url)s/email?team=shop", key_header = "X-Shop-Key" }
  status_target_key = "%(key)s"
}

module "signed" {
  source              = "../modules/producer"
  event_bus_name      = "%(bus)s"
  event_source        = "%(signed_source)s"
  statuses            = ["sent", "bounced"]
  package_dir         = "%(package_dir)s"
  lambda_runtime      = "%(lambda_runtime)s"
  lambda_architecture = "%(lambda_architecture)s"

  status_target = {
    type                    = "https"
    url                     = "%(signed_url)s/email?team=shop"
    signed                  = true
    max_tries               = %(max_tries)d
    secret_version          = var.secret_version
    allow_private_addresses = true
  }
}

output "dead_letter_queue_url" {
  value = module.producer.status_dead_letter_queue_url
}

output "signed_dead_letter_queue_url" {
  value = module.signed.status_dead_letter_queue_url
}

output "secret_name" {
  value = module.signed.status_webhook_secret_name
}
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def signed_receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@dataclass
class ProducerRoot(Terraform):
    """A team's own root with the modules, instead of the project's."""

    text: str = ""

    @property
    def root(self) -> Path:
        return self.folder / "producer"

    def prepare(self) -> None:
        self.root.mkdir(parents=True)
        (self.root / "main.tf").write_text(self.text)
        super().prepare()


@pytest.fixture(scope="module")
def producer(engine: EngineUnderTest, receiver: Receiver, signed_receiver: Receiver) -> Iterator[Terraform]:
    """The modules, applied with the receivers as their targets."""
    folder = BUILD / "e2e/webhook"
    shutil.rmtree(folder, ignore_errors=True)
    emulator = engine.emulator
    package = shutil.copytree(build_package(emulator.backend), folder / "package")
    functions = variables_for(emulator, package)
    values = {name: functions[name] for name in ("package_dir", "lambda_runtime", "lambda_architecture")} | {
        "region": engine.outputs["event_bus_arn"].split(":")[3],
        "bus": engine.outputs["event_bus_name"],
        "source": SOURCE,
        "signed_source": SIGNED_SOURCE,
        "url": receiver.url,
        "signed_url": signed_receiver.url,
        "key": KEY,
        "max_tries": MAX_TRIES,
    }
    terraform = ProducerRoot(folder, emulator.environment, emulator.backend, {}, OVERRIDE, text=ROOT % values)
    terraform.prepare()
    try:
        terraform.apply()
        yield terraform
    finally:
        terraform.destroy()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def webhook(producer: Terraform) -> dict[str, Any]:
    """The outputs."""
    return producer.outputs()


@pytest.fixture
def signed_calls(signed_receiver: Receiver) -> Iterator[list[Call]]:
    """The calls of one test."""
    signed_receiver.calls.clear()
    yield signed_receiver.calls
    signed_receiver.answer = lambda _: 204


def secret(engine: EngineUnderTest, webhook: dict[str, Any], stage: str = "AWSCURRENT") -> str:
    secrets = client(engine.emulator, "secretsmanager")
    return str(secrets.get_secret_value(SecretId=webhook["secret_name"], VersionStage=stage)["SecretString"])


def email_id(call: Call) -> str:
    return str(json.loads(call.body)["detail"]["emailId"])


def request(email_id: str, to: str) -> dict[str, Any]:
    return {
        "emailId": email_id,
        "to": to,
        "templateName": "welcome",
        "templateData": {"userName": "Ann", "companyName": "Shop"},
        "metadata": {"order": email_id},
    }


def test_statuses_arrive_with_the_key_and_of_this_producer_only(
    engine: EngineUnderTest, receiver: Receiver, webhook: dict[str, Any]
) -> None:
    engine.put_email_requests([request("webhook-other", "other@example.org")], source="shop.other")
    engine.put_email_requests(
        [
            request("webhook-1", "reader@example.org"),
            request("webhook-2", f"bounce+webhook@{SIMULATOR_DOMAIN}"),
        ],
        source=SOURCE,
    )

    wait_for(lambda: len(receiver.calls) >= 2, "two statuses at the webhook", seconds=60)
    engine.wait_until_idle()

    found = {}
    for call in receiver.calls:
        event = json.loads(call.body)
        found[email_id(call)] = (
            call.path, call.headers["x-shop-key"], event["detail-type"], event["detail"]["status"]
        )  # fmt: skip
        assert event["detail"]["metadata"] == {"order": email_id(call)}
    expected = ("/email?team=shop", KEY, "Email Status Changed")
    assert found == {"webhook-1": (*expected, "delivered"), "webhook-2": (*expected, "bounced")}


def test_the_module_says_where_rejected_statuses_are(engine: EngineUnderTest, webhook: dict[str, Any]) -> None:
    url = webhook["dead_letter_queue_url"]
    attributes = engine.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f"/{SOURCE}-status")
    assert statement["Resource"] == attributes["QueueArn"]


def test_signed_statuses_verify_and_a_changed_byte_does_not(
    engine: EngineUnderTest, webhook: dict[str, Any], signed_calls: list[Call]
) -> None:
    engine.put_email_requests(
        [
            request("signed-1", "reader@example.org"),
            request("signed-2", f"bounce+signed@{SIMULATOR_DOMAIN}"),
        ],
        source=SIGNED_SOURCE,
    )
    expected = Counter([("signed-1", "sent"), ("signed-2", "sent"), ("signed-2", "bounced")])
    wait_for(lambda: len(signed_calls) >= 3, "three signed statuses", seconds=60)
    verifier = Webhook(secret(engine, webhook))
    events = [verifier.verify(call.body, call.headers) for call in signed_calls]
    assert Counter((event["detail"]["emailId"], event["detail"]["status"]) for event in events) == expected
    for call, event in zip(signed_calls, events, strict=True):
        assert call.headers["webhook-id"] == event["detail"]["eventId"]
        with pytest.raises(WebhookVerificationError):
            verifier.verify(call.body.replace("signed-", "signed="), call.headers)


def test_a_server_that_fails_once_for_each_status_loses_none(
    engine: EngineUnderTest, webhook: dict[str, Any], signed_receiver: Receiver, signed_calls: list[Call]
) -> None:
    seen: Counter[str] = Counter()

    def fail_once(call: Call) -> int:
        seen[call.headers["webhook-id"]] += 1
        return 500 if seen[call.headers["webhook-id"]] == 1 else 204

    signed_receiver.answer = fail_once
    ids = {f"retried-{number}" for number in range(12)}
    engine.put_email_requests([request(name, "reader@example.org") for name in sorted(ids)], source=SIGNED_SOURCE)
    wait_for(lambda: len(signed_calls) >= 24, "every status twice", seconds=90)
    assert Counter(email_id(call) for call in signed_calls) == dict.fromkeys(ids, 2)
    dead = engine.sqs.receive_message(QueueUrl=webhook["signed_dead_letter_queue_url"], WaitTimeSeconds=1)
    assert "Messages" not in dead


def test_a_server_that_never_answers_fills_the_dead_letter_queue(
    engine: EngineUnderTest, webhook: dict[str, Any], signed_receiver: Receiver, signed_calls: list[Call]
) -> None:
    signed_receiver.answer = lambda _: SILENT
    engine.put_email_requests([request("silent-1", "reader@example.org")], source=SIGNED_SOURCE)
    found: list[Any] = []

    def dead_letter() -> bool:
        url = webhook["signed_dead_letter_queue_url"]
        found.extend(engine.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []))
        return bool(found)

    wait_for(dead_letter, "the status in the dead-letter queue", seconds=180)
    assert [json.loads(message["Body"])["detail"]["emailId"] for message in found] == ["silent-1"]
    assert [email_id(call) for call in signed_calls] == ["silent-1"] * MAX_TRIES


def test_a_higher_secret_version_rotates_the_secret_and_keeps_the_one_before(
    engine: EngineUnderTest, producer: Terraform, webhook: dict[str, Any], signed_calls: list[Call]
) -> None:
    before = secret(engine, webhook)
    (producer.root / "rotation.auto.tfvars.json").write_text('{"secret_version": 2}')
    producer.apply()
    after = secret(engine, webhook)
    assert after != before
    assert secret(engine, webhook, "AWSPREVIOUS") == before
    # A new container reads the secrets; one that runs does so within five minutes.
    functions, name = engine.functions, webhook["secret_name"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**variables, "COLD": "1"}})
    engine.put_email_requests([request("rotated-1", "reader@example.org")], source=SIGNED_SOURCE)
    wait_for(lambda: len(signed_calls) >= 1, "a status after the rotation", seconds=60)
    for each in (before, after):
        Webhook(each).verify(signed_calls[0].body, signed_calls[0].headers)
    state = (producer.root / "terraform.tfstate").read_text()
    assert after not in state
    assert after.removeprefix("whsec_") not in state
