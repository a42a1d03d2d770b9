"""The Lambda function TemplateSeeder: installs the starter templates.

`terraform apply` calls it; the output `install_templates_command` is for a call by hand.
"""

from __future__ import annotations

from typing import Any

from sesmail_layer.aws.clients import client
from sesmail_layer.aws.installed_templates import InstalledTemplates
from sesmail_layer.aws.starter_archive import StarterArchive
from sesmail_layer.domain.template.starters import SeedError
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.logging import configure
from sesmail_layer.runtime.settings import SeederSettings, SettingsError
from sesmail_layer.usecases.seed_templates import SeedTemplates


def handler(_event: object, _context: object) -> dict[str, Any]:
    """Install the templates. Raises what fails, so that `terraform apply` fails too."""
    log = configure("INFO", function="TemplateSeeder")
    try:
        settings = SeederSettings.from_env()
        log = configure(settings.log_level, function="TemplateSeeder", environment=settings.environment)
        s3 = client("s3")
        source = StarterArchive(s3, settings.starters_bucket, settings.starters_key)
        result = SeedTemplates(source, InstalledTemplates(s3, settings.template_bucket), SystemClock(), log)()
    except SettingsError as err:
        log.error("seed.failed", code="SEED001", error=str(err))
        raise
    except SeedError as err:
        log.error("seed.failed", code=err.code, error=err.message)
        raise
    answer = result.answer()
    log.info("starters.seeded", **answer)
    return answer
