"""The account that the user's own AWS settings name, and how to reach it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.paths import LocalCloudError

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class RefusedError(LocalCloudError):
    """The check does not start; the message says why and what to do."""


@dataclass
class Account:
    """Credentials and region as the AWS SDKs find them: environment, profile, SSO, role."""

    session: boto3.Session
    region: str

    def client(self, service: str, signature: Any = None) -> Any:
        """Make a client that retries as the AWS SDKs advise; `signature`: botocore's UNSIGNED, or the service's own."""
        addressing: Any = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {}
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 5},
            s3=addressing,
            signature_version=signature,
        )
        return self.session.client(cast("Any", service), region_name=self.region, config=config)

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """GetCallerIdentity's answer."""
        found: Mapping[str, str] = self.client("sts").get_caller_identity()
        return found

    @property
    def id(self) -> str:
        return self.identity["Account"]

    @property
    def partition(self) -> str:
        return self.identity["Arn"].split(":")[1]

    @cached_property
    def is_emulated(self) -> bool:
        """Whether the endpoint is not AWS's, so that a part of AWS may be missing."""
        host = urlsplit(self.client("sts").meta.endpoint_url).hostname or ""
        return not host.endswith(_AWS_DOMAINS)

    @property
    def environment(self) -> dict[str, str]:
        """Return what Terraform needs to use the same account and region."""
        own = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return own | {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}


def find_account(region: str | None = None) -> Account:
    """Return the account of the user's own settings.

    Raises RefusedError if region or credentials are missing, or AWS does not accept them.
    """
    try:
        session = boto3.Session()
        # AWS_REGION as in Terraform and the AWS CLI; boto3 reads AWS_DEFAULT_REGION only.
        found_region = region or os.environ.get("AWS_REGION") or session.region_name
        if not found_region:
            raise RefusedError("No AWS region is set: set AWS_REGION, or `region` in your profile.")
        account = Account(session, found_region)
        if session.get_credentials() is None:
            raise RefusedError(
                "No AWS credentials were found: run `aws configure` or `aws sso login`, or set AWS_PROFILE."
            )
        _ = account.id
    except (ClientError, BotoCoreError) as failed:
        raise RefusedError(
            f"AWS did not accept the credentials: {failed} Check them with `aws sts get-caller-identity`."
        ) from None
    return account
