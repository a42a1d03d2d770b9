"""Settings: every variable is Terraform's, and a missing or wrong one is named."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from sesmail_layer.runtime.settings import SeederSettings, Settings, SettingsError, variable_of
from tools.simulation.environment import default_settings, environment

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"AWS_LAMBDA_FUNCTION_NAME": "sesmailengine-EmailSender", **environment()}
SEEDER = {
    "SESMAIL_NAME": "sesmailengine",
    "TEMPLATE_BUCKET": "templates",
    "SESMAIL_STARTERS_BUCKET": "starters",
    "SESMAIL_STARTERS_KEY": "starters.zip",
    "ENVIRONMENT": "prod",
    "LOG_LEVEL": "INFO",
}
# The variables that Terraform may leave empty, and what that means.
MAY_BE_EMPTY = {
    "SESMAIL_UNSUBSCRIBE_URL": "",
    "SES_CONFIGURATION_SET": "",  # create_configuration_set = false without a name
    "DEFAULT_SENDER_NAME": "",  # default_sender_name = ""
    "SESMAIL_MAX_SEND_RATE": None,  # max_send_rate = null
    "SESMAIL_DELIVERY_TO": "",  # but for the mode redirect
    "SESMAIL_DELIVERY_ALLOW": "",  # but for the mode allow
}
SEED = {
    "TRACKING_TABLE": "tracking_table",
    "SUPPRESSION_TABLE": "suppression_table",
    "TEMPLATE_BUCKET": "template_bucket",
    "SES_CONFIGURATION_SET": "configuration_set",
    "EVENT_BUS_NAME": "event_bus_name",
    "DEFAULT_SENDER_EMAIL": "default_sender_email",
    "DEFAULT_SENDER_NAME": "default_sender_name",
    "DATA_RETENTION_DAYS": "data_retention_days",
    "CONSECUTIVE_SOFT_BOUNCE_THRESHOLD": "consecutive_soft_bounce_threshold",
    "ENVIRONMENT": "environment",
    "LOG_LEVEL": "log_level",
}


def variables_of(kind: type[Settings | SeederSettings]) -> set[str]:
    return {variable_of(field.name) for field in msgspec.structs.fields(kind)}


def variables_in_terraform(block: str) -> set[str]:
    """The names that a map in modules/sesmail/functions.tf sets."""
    text = (ROOT / "modules/sesmail/functions.tf").read_text()
    found = re.search(rf"^ *{re.escape(block)} = .*?\{{\n(.*?)\n *\}}", text, re.MULTILINE | re.DOTALL)
    assert found, block
    return set(re.findall(r"^ +([A-Z_]+) += ", found[1], re.MULTILINE))


def test_terraform_sets_exactly_the_variables_that_are_read() -> None:
    common = variables_in_terraform("common_environment")
    engine = common | variables_in_terraform("engine_environment")
    engine |= {"SESMAIL_TIMEOUT_SECONDS"}  # Each function's own.
    by_glibc = {"MALLOC_MMAP_THRESHOLD_"}
    assert engine | {"AWS_LAMBDA_FUNCTION_NAME"} == variables_of(Settings) | by_glibc
    assert common | variables_in_terraform("environment") == variables_of(SeederSettings)


def test_only_what_terraform_may_leave_empty_has_a_default() -> None:
    fields = [*msgspec.structs.fields(Settings), *msgspec.structs.fields(SeederSettings)]
    assert {variable_of(field.name): field.default for field in fields if not field.required} == MAY_BE_EMPTY


@pytest.mark.parametrize("variable", sorted(set(ENVIRONMENT) - set(MAY_BE_EMPTY) - {"MALLOC_MMAP_THRESHOLD_"}))
def test_a_missing_or_empty_variable_is_named(variable: str) -> None:
    without = {name: text for name, text in ENVIRONMENT.items() if name != variable}
    for given in (without, without | {variable: ""}):
        with pytest.raises(SettingsError, match=f"^Missing required environment variable: {variable}$"):
            Settings.from_env(given)


@pytest.mark.parametrize("variable", SEEDER)
def test_a_missing_variable_of_the_seeder_is_named(variable: str) -> None:
    assert SeederSettings.from_env(SEEDER).starters_key == "starters.zip"
    with pytest.raises(SettingsError, match=f"^Missing required environment variable: {variable}$"):
        SeederSettings.from_env({name: value for name, value in SEEDER.items() if name != variable})


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
        ("SESMAIL_MAX_REQUEST_KB", "5.5"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^Environment variable {variable}: "):
        Settings.from_env(ENVIRONMENT | {variable: value})


@pytest.mark.parametrize("variable", MAY_BE_EMPTY)
def test_an_empty_variable_has_its_meaning(variable: str) -> None:
    settings = Settings.from_env(ENVIRONMENT | {variable: ""})
    [field] = [name for name in settings.__struct_fields__ if variable_of(name) == variable]
    assert getattr(settings, field) == MAY_BE_EMPTY[variable]


def test_the_seeds_variables_keep_their_names() -> None:
    assert {variable_of(field): field for field in SEED.values()} == SEED


def test_all_other_variables_are_named_after_their_field() -> None:
    settings = default_settings(SESMAIL_MAX_SEND_RATE="14", SESMAIL_TRACING="true")
    assert (settings.max_send_rate, settings.tracing, settings.max_request_kb) == (14.0, True, 256)


def test_the_brand_is_a_json_object_of_texts() -> None:
    read = Settings.from_env(ENVIRONMENT | {"SESMAIL_BRAND": '{"companyName": "Shop \\u0026 Söhne"}'})
    assert read.brand_variables == {"companyName": "Shop & Söhne"}
    with pytest.raises(SettingsError, match="Environment variable SESMAIL_BRAND: "):
        _ = Settings.from_env(ENVIRONMENT | {"SESMAIL_BRAND": '{"companyName": 7}'}).brand_variables
