"""What the checks look at: the engine's settings, functions, producers and identities, each read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from sesmail_cli.doctor.resolver import Dns
from sesmail_cli.operator.engine import Engine

FUNCTIONS = ("EmailSender", "FeedbackProcessor", "TemplateSeeder")
APPLY = "terraform apply"
_POLICY, _ROLE_SENDERS = "producer#", "role-senders"
_LOOPBACK = ("localhost", "::1")


class Facts:
    """One engine in one region, as AWS describes it. All attributes raise botocore's errors."""

    def __init__(self, engine: Engine, dns: Dns) -> None:
        self.engine = engine
        self.dns = dns
        self._identities: dict[str, Mapping[str, Any] | None] = {}
        self._functions: dict[str, Mapping[str, Any]] = {}

    # --- the engine -------------------------------------------------------------------------------------------------

    @property
    def region(self) -> str:
        return self.engine.region

    @cached_property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine, as that of `make up` is."""
        host = urlsplit(self.client("sesv2").meta.endpoint_url).hostname or ""
        return host in _LOOPBACK or host.startswith("127.") or host.endswith(".localstack.cloud")

    @property
    def asks_dns(self) -> bool:
        """The public DNS knows nothing of a local cloud."""
        return self.dns.is_given or not self.is_local

    def client(self, service: str) -> Any:
        return self.engine.client(service)

    def resource_name(self, part: str) -> str:
        return self.engine.resource_name(part)

    def function(self, name: str) -> Mapping[str, Any]:
        if name not in self._functions:
            functions = self.client("lambda")
            self._functions[name] = functions.get_function_configuration(FunctionName=self.resource_name(name))
        return self._functions[name]

    @property
    def environment(self) -> Mapping[str, str]:
        """The sender's environment as Terraform set it."""
        variables: Mapping[str, str] = self.function("EmailSender").get("Environment", {}).get("Variables", {})
        return variables

    def arn(self, service: str, resource: str) -> str:
        """Build the ARN of a resource in the engine's account and region."""
        _, partition, _, region, account, *_ = self.function("EmailSender")["FunctionArn"].split(":")
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    @property
    def account_id(self) -> str:
        return str(self.function("EmailSender")["FunctionArn"].split(":")[4])

    # --- SES --------------------------------------------------------------------------------------------------------

    @cached_property
    def ses_account(self) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.client("sesv2").get_account()
        return answer

    @property
    def configuration_set(self) -> str:
        """The name of the set that emails are sent with; empty: none."""
        return self.environment.get("SES_CONFIGURATION_SET", "")

    @cached_property
    def configuration_set_details(self) -> Mapping[str, Any] | None:
        """What SES has under that name; None: no such set."""
        try:
            answer: Mapping[str, Any] = self.client("sesv2").get_configuration_set(
                ConfigurationSetName=self.configuration_set
            )
        except ClientError as error:
            if is_not_found(error):
                return None
            raise
        return answer

    def identity(self, name: str) -> Mapping[str, Any] | None:
        """Return an identity as SES has it; None: no such identity."""
        if name not in self._identities:
            try:
                self._identities[name] = self.client("sesv2").get_email_identity(EmailIdentity=name)
            except ClientError as error:
                if not is_not_found(error):
                    raise
                self._identities[name] = None
        return self._identities[name]

    # --- who may send -----------------------------------------------------------------------------------------------

    @cached_property
    def control_items(self) -> Mapping[str, Mapping[str, Any]]:
        """The producers' policies and the senders of the role, by key, as Terraform wrote them."""
        pages = self.engine.dynamodb.get_paginator("scan").paginate(
            TableName=self.resource_name("Control"),
            FilterExpression="begins_with(pk, :policy) OR pk = :senders",
            ExpressionAttributeValues={":policy": {"S": _POLICY}, ":senders": {"S": _ROLE_SENDERS}},
        )
        read = TypeDeserializer().deserialize
        items = ({name: read(value) for name, value in item.items()} for page in pages for item in page["Items"])
        return {str(item["pk"]): item for item in items}

    @property
    def producer_senders(self) -> Mapping[str, Sequence[str]]:
        """The senders of each enabled producer that has any of its own, by source."""
        return {
            key.removeprefix(_POLICY): [str(each) for each in item["senders"]]
            for key, item in sorted(self.control_items.items())
            if key.startswith(_POLICY) and item.get("senders") and item.get("enabled", True)
        }

    @property
    def role_senders(self) -> Sequence[str]:
        """The patterns that IAM lets the sender's role use."""
        return [str(each) for each in self.control_items.get(_ROLE_SENDERS, {}).get("addresses", ())]


def is_not_found(error: ClientError) -> bool:
    code = str(error.response["Error"].get("Code", ""))
    return code in ("404", "NoSuchKey", "NotFound") or code.startswith(
        ("NotFound", "ResourceNotFound", "NoSuchBucket", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistent")
    )
