"""Checks of the template bucket: the starters are installed and current, every template is complete."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from botocore.exceptions import ClientError

from sesmail_cli import __version__
from sesmail_cli.doctor.facts import APPLY, Facts, is_not_found
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok, shortened
from sesmail_cli.templates.starters import starter_names, starters_folder
from sesmail_layer.domain.template.files import METADATA, MISSING_FILE_CODES
from sesmail_layer.domain.template.starters import Decision, Starter, decide

_PREFIX = "templates/"


def templates(facts: Facts) -> Iterable[Finding]:
    bucket = facts.environment.get("TEMPLATE_BUCKET", "")
    try:
        installed = _installed(facts, bucket)
    except ClientError as error:
        if not is_not_found(error):
            raise
        yield needs_fix(f"there is no bucket {bucket}", fix="Create it again.", command=APPLY, subject=bucket)
        return
    yield from _starters(facts, installed)
    incomplete = [found for name, files in installed.items() for found in _incomplete(bucket, name, files)]
    yield from incomplete
    if not incomplete:
        yield ok(f"{len(installed)} templates in s3://{bucket} are complete")


def _installed(facts: Facts, bucket: str) -> Mapping[str, dict[str, bytes | None]]:
    """Return the templates by name, with their files; of these, only metadata is read."""
    found: defaultdict[str, dict[str, bytes | None]] = defaultdict(dict)
    for page in facts.engine.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_PREFIX):
        for entry in page.get("Contents", []):
            name, _, file = entry["Key"].removeprefix(_PREFIX).partition("/")
            if file:
                found[name][file] = None
    for name, files in found.items():
        if METADATA in files:
            key = f"{_PREFIX}{name}/{METADATA}"
            files[METADATA] = facts.engine.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return found


def _starters(facts: Facts, installed: Mapping[str, dict[str, bytes | None]]) -> Iterator[Finding]:
    decisions = {name: _decision(name, installed.get(name, {}).get(METADATA)) for name in starter_names()}
    missing = [name for name, decision in decisions.items() if decision is Decision.INSTALL]
    old = [name for name, decision in decisions.items() if decision is Decision.UPDATE]
    seed = (
        f"aws lambda invoke --function-name {facts.resource_name('TemplateSeeder')} "
        "--cli-binary-format raw-in-base64-out --payload '{}' /dev/stdout"
    )
    for names, state in ((missing, "not installed"), (old, f"older than those of sesmail {__version__}")):
        if names:
            yield needs_fix(
                f"{len(names)} starter template{'s are' if len(names) > 1 else ' is'} {state}: {', '.join(names)}",
                fix="Run the seeder. Where that changes nothing, the deployed release is older than this command: "
                "deploy the current one.",
                command=seed,
                subject=", ".join(names),
            )
    if not missing and not old:
        yield ok(f"all {len(decisions)} starters are installed and current")


def _decision(name: str, metadata: bytes | None) -> Decision:
    """Return what the seeder of this version would do; metadata that cannot be read is reported as incomplete."""
    starter = Starter(name, {}, (starters_folder() / name / METADATA).read_bytes())
    try:
        return decide(starter, metadata)
    except (ValueError, RecursionError):
        return Decision.SKIP


def _incomplete(bucket: str, name: str, files: Mapping[str, bytes | None]) -> Iterator[Finding]:
    missing = [file for file in MISSING_FILE_CODES if file not in files]
    where = f"s3://{bucket}/{_PREFIX}{name}"
    # Whoever may write to the bucket chooses the name.
    shown = shortened(name)
    if missing:
        yield needs_fix(
            f"the template '{shown}' has no {' and no '.join(missing)}: every email with it fails",
            fix="Add what is missing, or delete the template.",
            command=f"aws s3 cp {missing[0]} {shlex.quote(f'{where}/{missing[0]}')}",
            subject=name,
        )
    metadata = files.get(METADATA)
    if metadata is not None and (problem := _metadata_problem(metadata)):
        yield needs_fix(
            f"{METADATA} of the template '{shown}' {problem}: every email with it fails",
            fix="Correct it. To see where:",
            command=f"sesmail template lint {shlex.quote(where)}",
            subject=name,
        )


def _metadata_problem(metadata: bytes) -> str:
    try:
        content = json.loads(metadata.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return f"is not valid JSON ({error})"
    return "" if isinstance(content, dict) else "is no JSON object"


CHECKS = (
    Check(
        id="templates",
        group="Templates",
        title="Templates",
        why="An email fails if its template is missing or incomplete; old starters lack corrections.",
        run=templates,
    ),
)
