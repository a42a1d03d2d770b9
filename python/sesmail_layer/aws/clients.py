"""Clients of AWS's services, made by botocore.

It is all that the adapters need of boto3, whose resources and transfers would be paid for at every cold start: with
them a client of S3 takes twice the time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config


@cache
def session() -> Any:
    """The one session of a container; region, credentials and endpoint come from the environment, as with boto3."""
    return botocore.session.get_session()


def client(service: str, config: Config | None = None) -> Any:
    """A client as boto3 would make it; the adapters' types say which."""
    return session().create_client(service, config=config)
