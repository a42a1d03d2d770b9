"""Settings from the function's environment."""

from __future__ import annotations

import pytest

from sesmail_webhook.settings import Settings, SettingsError

VARIABLES = {
    "WEBHOOK_URL": "https://hooks.example.com",
    "QUEUE_URL": "https://sqs/queue",
    "SECRET_ARN": "arn",
    "MAX_TRIES": "110",
    "ALLOW_PRIVATE_ADDRESSES": "false",
}


def test_every_setting_is_read() -> None:
    assert Settings.from_env(VARIABLES) == Settings("https://hooks.example.com", "https://sqs/queue", "arn", 110, False)
    assert Settings.from_env(VARIABLES | {"ALLOW_PRIVATE_ADDRESSES": "true"}).allow_private_addresses


@pytest.mark.parametrize("name", VARIABLES)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"Missing required environment variable: {name}"):
        Settings.from_env(VARIABLES | {name: ""})


def test_a_number_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match="MAX_TRIES: many is not a whole number"):
        Settings.from_env(VARIABLES | {"MAX_TRIES": "many"})
