"""Settings of the function: the only reader of its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


class SettingsError(Exception):
    """The function cannot start: a variable is missing or not a number."""


@dataclass(frozen=True)
class Settings:
    """What modules/producer sets; it has the defaults and checks the values."""

    url: str
    queue_url: str
    secret_arn: str
    max_tries: int
    """The receive after which SQS moves a message to the dead-letter queue."""
    allow_private_addresses: bool

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the variables. Raises SettingsError, which names the variable."""
        environ = os.environ if environ is None else environ
        return cls(
            url=_text(environ, "WEBHOOK_URL"),
            queue_url=_text(environ, "QUEUE_URL"),
            secret_arn=_text(environ, "SECRET_ARN"),
            max_tries=_number(environ, "MAX_TRIES"),
            allow_private_addresses=_text(environ, "ALLOW_PRIVATE_ADDRESSES") == "true",
        )


def _text(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise SettingsError(f"Missing required environment variable: {name}")
    return environ[name]


def _number(environ: Mapping[str, str], name: str) -> int:
    value = _text(environ, name)
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"Environment variable {name}: {value} is not a whole number") from None
