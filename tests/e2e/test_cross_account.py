"""examples/cross-account, applied to two accounts: requests go out, statuses come back, nothing is forged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.deployment import variables_for
from localcloud.emulator import REGION, Emulator, free_port, start_ministack
from localcloud.engine import Engine
from localcloud.package import build_package
from localcloud.paths import BUILD, REPOSITORY
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.terraform import Terraform
from localcloud.wait import wait_for

# A key of twelve digits is the root user of that account in the emulator.
SHOP, STRANGER = "210987654321", "310987654321"
NAME = "mail"
# The example's own providers, pointed at the emulator and at two of its accounts.
PROVIDER = """
provider "aws" {{
  {alias}
  region                      = "{region}"
  access_key                  = "{key}"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}}
"""


@dataclass
class Example(Terraform):
    """The example's root instead of the project's."""

    @property
    def root(self) -> Path:
        return self.folder / "examples/cross-account"

    def prepare(self) -> None:
        shutil.copytree(REPOSITORY / "examples/cross-account", self.root)
        super().prepare()
        self._override()

    def _override(self) -> None:
        engine = {
            name: self.variables[name]
            for name in ("lambda_architecture", "lambda_runtime", "check_lambda_quota", "retain_data_on_delete")
        }
        arguments = "".join(f"  {name} = {json.dumps(value)}\n" for name, value in engine.items())
        providers = [
            PROVIDER.format(alias="", region=REGION, key="test"),
            PROVIDER.format(alias='alias = "shop"', region=REGION, key=SHOP),
        ]
        text = "".join(providers) + f'module "sesmail" {{\n{arguments}}}\n'
        (self.root / "emulator_override.tf").write_text(text)


@pytest.fixture(scope="module")
def account() -> Iterator[Emulator]:
    started = start_ministack(port=free_port())
    yield started
    started.stop()


@pytest.fixture(scope="module")
def engine(account: Emulator) -> Iterator[Engine]:
    folder = BUILD / "e2e/cross-account"
    shutil.rmtree(folder, ignore_errors=True)
    package = shutil.copytree(build_package(account.backend), folder / "package")
    terraform = Example(folder, account.environment, account.backend, variables_for(account, package, NAME))
    try:
        terraform.prepare()
        terraform.apply()
        deployed = Engine(account, terraform.outputs(), NAME)
        deployed.verify_sender()
        yield deployed
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def client_of(engine: Engine, service: str, account: str) -> Any:
    credentials = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}
    return client(engine.emulator, service, credentials=credentials)


def put(engine: Engine, account: str, *events: tuple[str, str, dict[str, Any]]) -> None:
    """Put events on the engine's bus by its ARN; raises ClientError where the bus's policy does not let them in."""
    entries = [
        {
            "Source": source,
            "DetailType": detail_type,
            "EventBusName": engine.outputs["event_bus_arn"],
            "Detail": json.dumps(detail),
        }
        for source, detail_type, detail in events
    ]
    answer = client_of(engine, "events", account).put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 0


def request(email_id: str) -> dict[str, Any]:
    return {
        "emailId": email_id,
        "to": f"bounce+{email_id}@{SIMULATOR_DOMAIN}",
        "templateName": "welcome",
        "templateData": {"userName": "Ann", "companyName": "Shop"},
        "senderOverride": {"email": "orders@example.com"},
    }


def statuses(engine: Engine) -> list[dict[str, Any]]:
    """Take the status events that have come to the shop's queue."""
    sqs = client_of(engine, "sqs", SHOP)
    url = sqs.get_queue_url(QueueName="shop-email-statuses")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_another_accounts_request_is_sent_and_its_status_comes_back(engine: Engine) -> None:
    put(engine, SHOP, ("shop.orders", "Email Request", request("cross-1")))

    found = wait_for(lambda: statuses(engine), "a status in the shop's account", seconds=60)

    assert [(event["detail-type"], event["detail"]["emailId"], event["detail"]["status"]) for event in found] == [
        ("Email Status Changed", "cross-1", "bounced")
    ]


@pytest.mark.parametrize(
    ("caller", "source", "detail_type"),
    [
        (STRANGER, "shop.orders", "Email Request"),
        (SHOP, "shop.returns", "Email Request"),
        (SHOP, "sesmailengine", "Email Status Changed"),
        (SHOP, "shop.orders", "Email Status Changed"),
    ],
)
def test_an_account_that_speaks_for_another_is_denied(
    engine: Engine, caller: str, source: str, detail_type: str
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        put(engine, caller, (source, detail_type, request("forged")))
    with pytest.raises(ClientError, match="AccessDenied"):
        put(
            engine,
            caller,
            ("shop.orders", "Email Request", request("mixed")),
            (source, detail_type, request("forged")),
        )
