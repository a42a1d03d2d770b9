"""boto3 clients of an emulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import boto3
from botocore.config import Config

from localcloud.emulator import CREDENTIALS, REGION, Emulator


def client(
    emulator: Emulator,
    service: str,
    config: Config | None = None,
    credentials: Mapping[str, str] = CREDENTIALS,
    region: str = REGION,
) -> Any:
    """Make a client of the emulator that uses none of the user's own AWS settings; default: the root user's."""
    defaults = Config(s3={"addressing_style": "path"}, max_pool_connections=20)
    return boto3.client(
        cast("Any", service),
        endpoint_url=emulator.url,
        region_name=region,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        config=defaults.merge(config) if config else defaults,
    )
