"""AWS clients, created by botocore.

boto3 would add resources and transfers that the adapters do not need to every cold start: an S3 client then takes
twice as long.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config


@cache
def session() -> Any:
    """Return the container's only session; region, credentials and endpoint come from the environment, as in boto3."""
    return botocore.session.get_session()


def client(service: str, config: Config | None = None) -> Any:
    """Create a client as boto3 would; its type is declared by the adapter that takes it."""
    return session().create_client(service, config=config)
