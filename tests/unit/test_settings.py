"""Settings: the seed's names and ours, and a wrong variable named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from sesmail_layer.runtime.settings import SeederSettings, Settings, SettingsError

REQUIRED = {
    "TRACKING_TABLE": "tracking",
    "SUPPRESSION_TABLE": "suppression",
    "TEMPLATE_BUCKET": "bucket",
    "EVENT_BUS_NAME": "bus",
    "SESMAIL_CONTROL_TABLE": "control",
    "SESMAIL_PENDING_TABLE": "pending",
    "SESMAIL_BULK_QUEUE_URL": "https://bulk",
    "SESMAIL_RETRY_QUEUE_URL": "https://retry",
    "SESMAIL_EMAIL_QUEUE_URL": "https://email",
    "SESMAIL_FEEDBACK_QUEUE_URL": "https://feedback",
    "SESMAIL_FEEDBACK_DLQ_URL": "https://dlq",
    "SESMAIL_MAX_RECEIVE_COUNT": "5",
}
SEED = {
    "SES_CONFIGURATION_SET": ("configuration_set", "set", "set"),
    "DEFAULT_SENDER_EMAIL": ("default_sender_email", "a@example.com", "a@example.com"),
    "DEFAULT_SENDER_NAME": ("default_sender_name", "Shop", "Shop"),
    "DATA_RETENTION_DAYS": ("data_retention_days", "30", 30),
    "CONSECUTIVE_SOFT_BOUNCE_THRESHOLD": ("consecutive_soft_bounce_threshold", "5", 5),
    "ENVIRONMENT": ("environment", "dev", "dev"),
    "LOG_LEVEL": ("log_level", "DEBUG", "DEBUG"),
}


def test_the_seed_s_variables_keep_their_names() -> None:
    given = {variable: text for variable, (_, text, _) in SEED.items()}
    settings = Settings.from_env(REQUIRED | given)
    assert {field: getattr(settings, field) for field, _, _ in SEED.values()} == {
        field: value for field, _, value in SEED.values()
    }


@pytest.mark.parametrize("variable", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(variable: str, value: str | None) -> None:
    given = {name: text for name, text in REQUIRED.items() if name != variable} | ({variable: value} if value else {})
    with pytest.raises(SettingsError, match=f"^Missing required environment variable: {variable}$"):
        Settings.from_env(given)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATA_RETENTION_DAYS", "many"),
        ("LOG_LEVEL", "LOUD"),
        ("SESMAIL_ON_UNKNOWN_OUTCOME", "guess"),
        ("SESMAIL_UNKNOWN_FIELDS", "maybe"),
        ("SESMAIL_BREAKER_MODE", "x"),
        ("SESMAIL_RATE_UTILISATION", "half"),
        ("SESMAIL_TRACING", "perhaps"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^Environment variable {variable}: "):
        Settings.from_env(REQUIRED | {variable: value})


def test_an_empty_variable_is_the_default() -> None:
    given = dict.fromkeys(SEED, "") | {"SESMAIL_MAX_SEND_RATE": "", "SESMAIL_TRACING": ""}
    assert Settings.from_env(REQUIRED | given) == Settings.from_env(REQUIRED)
    assert Settings.from_env(REQUIRED).max_send_rate is None


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_truth_values_are_terraform_s(text: str, value: bool) -> None:
    assert Settings.from_env(REQUIRED | {"SESMAIL_TRACING": text}).tracing is value


def test_all_other_variables_are_called_after_their_field() -> None:
    settings = Settings.from_env(REQUIRED | {"SESMAIL_MAX_SEND_RATE": "14", "SESMAIL_BULK_RATE_SHARE": "0.5"})
    assert (settings.max_send_rate, settings.bulk_rate_share) == (14.0, 0.5)


@pytest.mark.parametrize("variable", ["TEMPLATE_BUCKET", "SESMAIL_STARTERS_BUCKET", "SESMAIL_STARTERS_KEY"])
def test_the_seeder_needs_three(variable: str) -> None:
    given = {"TEMPLATE_BUCKET": "b", "SESMAIL_STARTERS_BUCKET": "s", "SESMAIL_STARTERS_KEY": "k"}
    assert SeederSettings.from_env(given).starters_key == "k"
    with pytest.raises(SettingsError, match=f"^Missing required environment variable: {variable}$"):
        SeederSettings.from_env({name: value for name, value in given.items() if name != variable})


def test_terraform_sets_every_variable_that_is_read() -> None:
    """A setting that Terraform does not know could never be changed."""
    names = {
        "tracking_table": "TRACKING_TABLE",
        "suppression_table": "SUPPRESSION_TABLE",
        "template_bucket": "TEMPLATE_BUCKET",
        "event_bus_name": "EVENT_BUS_NAME",
        **{field: variable for variable, (field, _, _) in SEED.items()},
    }
    root = Path(__file__).parents[2] / "modules/sesmail"
    terraform = "\n".join(path.read_text() for path in sorted(root.glob("*.tf")))
    fields = {field.name for field in msgspec.structs.fields(Settings)} - {"function_name"}
    missing = {name for field in fields if (name := names.get(field, f"SESMAIL_{field.upper()}")) not in terraform}
    assert not missing
