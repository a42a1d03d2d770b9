"""The Lambda function TemplateSeeder: keys and starter templates, called by `terraform apply` and `destroy`."""

from __future__ import annotations

from typing import Any

from sesmail_layer.aws.clients import client
from sesmail_layer.aws.installed_templates import InstalledTemplates
from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.aws.starter_archive import StarterArchive
from sesmail_layer.domain.template.starters import SeedError
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.logging import configure
from sesmail_layer.runtime.settings import SeederSettings, SettingsError
from sesmail_layer.usecases.seed_templates import SeedTemplates, clean_up


def handler(event: object, _context: object) -> dict[str, Any]:
    """Create keys and install templates, or clean up. Raises what fails, so that `terraform apply` fails too."""
    log = configure("INFO", function="TemplateSeeder")
    try:
        settings = SeederSettings.from_env()
        log = configure(settings.log_level, function="TemplateSeeder", environment=settings.environment)
        keys, s3 = SecretKeys(client("ssm"), settings.name, SystemClock()), client("s3")
        if clean_up(event, keys):
            return {"statusCode": 200}
        source = StarterArchive(s3, settings.starters_bucket, settings.starters_key)
        templates = InstalledTemplates(s3, settings.template_bucket)
        result = SeedTemplates(keys, source, templates, SystemClock(), log)()
    except SettingsError as err:
        log.error("seed.failed", code="SEED001", error=str(err))
        raise
    except SeedError as err:
        log.error("seed.failed", code=err.code, error=err.message)
        raise
    answer = result.answer()
    log.info("starters.seeded", **answer)
    return answer
