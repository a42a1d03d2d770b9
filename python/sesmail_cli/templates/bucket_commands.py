"""`sesmail template push`, `pull`, `diff`, `list` and `rollback`: a folder and an engine's bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import ClientError
from rich.markup import escape

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.failures import describe_failure
from sesmail_cli.templates.bucket import ChangedMeanwhileError, TemplateReleases
from sesmail_cli.templates.files import TemplateFiles, load_templates
from sesmail_cli.templates.installed_list import print_installed, print_releases
from sesmail_cli.templates.lint.findings import RULES, SENDERS_CODE, Finding
from sesmail_cli.templates.lint.linter import BAD_NAME, lint
from sesmail_cli.templates.lint.printing import errors_in, print_findings
from sesmail_cli.templates.plan_printing import as_data, print_plan
from sesmail_cli.templates.push import (
    LinkError,
    Plan,
    SourceFolderError,
    apply,
    plan_pull,
    plan_push,
    plan_rollback,
    write_folder,
)
from sesmail_cli.templates.starters import NEVER_REPLACED, is_replaced_by_starter
from sesmail_cli.templates.usage import Usage, usage
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.template.files import METADATA

FOLDER = "templates"
Where = Annotated[str, typer.Argument(metavar="[DIR|s3://…]", help="One template, or a folder or prefix of templates.")]
Name = Annotated[str, typer.Argument(metavar="TEMPLATE", help="The template's name.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def push(
    context: CommandContext,
    where: Where = FOLDER,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at warnings too.")] = False,
    bulk: Annotated[
        list[str] | None, typer.Option("--bulk", metavar="TEMPLATE", help="A template for bulk mail.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="RULE", help="A rule that does not stop the push.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Install templates in the engine's bucket: checks them, shows what differs, asks, writes only that.

    Templates that only the bucket has stay. If one check fails, nothing is installed. Running senders use a new release
    within five minutes.
    """
    templates = load_templates(where, context.engine.s3)
    _stop_at_unknown("--bulk", bulk or (), [template.name for template in templates])
    _stop_at_unknown("--ignore", (rule for rule in ignore or () if not SENDERS_CODE.fullmatch(rule)), sorted(RULES))
    findings = [
        finding
        for template in templates
        for finding in lint(template, bulk=template.name in (bulk or ()))
        if finding.rule not in (ignore or ()) or _is_never_ignored(finding)
    ]
    if findings:
        print_findings(context.note, templates, findings)
    if errors_in(findings) or (strict and findings):
        context.note("[red]Nothing was installed:[/] fix the findings first.")
        context.print_json({"findings": findings, "templates": [], "installed": []})
        return ATTENTION
    _stop_at_problems(templates)
    installed = _installed(context)
    plans = plan_push(installed, templates)
    for plan in plans:
        print_plan(context, plan)
        _warn_of_seeder(context, plan)
    written = _apply(context, installed, plans, dry_run=dry_run, yes=yes)
    context.print_json({"findings": findings, "templates": list(map(as_data, plans)), "installed": written or []})
    return ATTENTION if written is None else OK


def diff(context: CommandContext, where: Where = FOLDER) -> int:
    """Show how templates differ from the installed ones, without a check. Exits with 1 if they differ."""
    templates = load_templates(where, context.engine.s3)
    _stop_at_problems(templates)
    plans = plan_push(_installed(context), templates)
    for plan in plans:
        print_plan(context, plan)
    context.print_json({"templates": list(map(as_data, plans))})
    return ATTENTION if any(plan.changes for plan in plans) else OK


def pull(
    context: CommandContext,
    names: Annotated[list[str] | None, typer.Argument(metavar="[TEMPLATE]…", help="Names; default: all.")] = None,
    *,
    folder: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write into.")] = Path(FOLDER),
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Copy installed templates into a folder: shows what differs and asks. Files that only the folder has stay."""
    installed = _installed(context)
    try:
        plans = plan_pull(installed, names or (), folder)
    except (SourceFolderError, LinkError) as err:
        raise UsageError(str(err)) from err
    for plan in plans:
        print_plan(context, plan)
    changed = [plan for plan in plans if plan.changes]
    question = f"Write {_count(changed)} into {folder}?"
    agreed = not changed or context.confirm(question, yes=yes, dry_run=dry_run)
    if changed and agreed:
        write_folder(changed, folder)
        context.print(f"[green]Written[/] to {escape(str(folder))}: {_names(changed)}")
    context.print_json({"templates": list(map(as_data, plans)), "written": agreed and not dry_run})
    return OK if agreed or dry_run else ATTENTION


def rollback(
    context: CommandContext,
    template: Name,
    *,
    release: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="RELEASE", help="A release's id, or its start; `template list TEMPLATE` has them."
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Install an earlier release of a template again, by default the one before: shows what differs and asks.

    The bucket keeps replaced releases for 90 days.
    """
    installed = _installed(context)
    plan, target = plan_rollback(installed, template, release)
    by = f", by {escape(target.by)}" if target.by else ""
    context.print(f"Back to the release of {escape(target.installed_at)}{by} ({escape(target.id[:12])})")
    print_plan(context, plan)
    written = _apply(context, installed, [plan], dry_run=dry_run, yes=yes)
    context.print_json({"release": target, "templates": [as_data(plan)], "installed": written or []})
    return ATTENTION if written is None else OK


def list_(
    context: CommandContext,
    template: Annotated[str | None, typer.Argument(metavar="[TEMPLATE]", help="Its releases; default: all.")] = None,
) -> int:
    """List installed templates: version, since when, by whom, and whether newest emails use them.

    With a template's name, lists the releases that the bucket still has of it.
    """
    installed = _installed(context)
    if template:
        print_releases(context, installed.releases(template))
        return OK
    print_installed(context, installed.list_all(), _usage(context))
    return OK


def identity(engine: Engine) -> str:
    """Return who calls AWS, without the account: `user/ada`, `assumed-role/Designer/ada`."""
    arn: str = engine.client("sts").get_caller_identity()["Arn"]
    return arn.split(":", 5)[-1].encode("ascii", "replace").decode()


def _apply(
    context: CommandContext, installed: TemplateReleases, plans: Sequence[Plan], *, dry_run: bool, yes: bool
) -> list[str] | None:
    """Ask, and write what is needed; return the names written, or None if the operator declined."""
    needed = [plan for plan in plans if plan.is_needed]
    if not needed or dry_run:
        return []
    if not context.confirm(f"Install {_count(needed)} in s3://{installed.bucket}?", yes=yes, dry_run=False):
        return None
    with _conflicts_reported():
        written = apply(installed, needed, identity(context.engine), context.engine.clock.sleep)
    context.print(f"[green]Installed:[/] {_names(needed)}. Senders use it within five minutes.")
    return written


def _installed(context: CommandContext) -> TemplateReleases:
    return TemplateReleases(context.engine.s3, context.engine.template_bucket)


def _usage(context: CommandContext) -> Usage | None:
    """Return what emails use; None, with a note, where the role may not read the tracking table."""
    try:
        return usage(context.engine)
    except TransientError as err:
        cause = err.__cause__
        why = describe_failure(cause, context.engine.name) if isinstance(cause, ClientError) else str(err)
        context.note(f"Use is not known: {escape(why)}")
        return None


def _warn_of_seeder(context: CommandContext, plan: Plan) -> None:
    version = plan.versions[1]
    if plan.changes and is_replaced_by_starter(plan.name, version):
        context.note(
            f"[yellow]'{escape(plan.name)}' is a starter's name[/], and {escape(version or '0.0.0')} is below "
            f"{NEVER_REPLACED}: a newer version of the starter replaces yours. Give it another name, or that version."
        )


def _stop_at_unknown(option: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Stop at a name that is misspelt, since it would switch a check off without a word."""
    for name in given:
        if name not in known:
            raise UsageError(f"{option}: found {name!r}; allowed: {', '.join(known)}")


def _is_never_ignored(finding: Finding) -> bool:
    """Return True where every email with the template would fail."""
    return finding.rule.startswith("TMPL") or finding.rule == BAD_NAME


def _stop_at_problems(templates: Sequence[TemplateFiles]) -> None:
    for template in templates:
        for problem in template.problems:
            raise UsageError(f"{template.name}/{problem.file} does not compile: {problem.message}")
        if METADATA not in template.files:
            raise UsageError(f"Template '{template.name}' missing {METADATA}")


@contextmanager
def _conflicts_reported() -> Iterator[None]:
    try:
        yield
    except ChangedMeanwhileError as err:
        before = ", ".join(err.installed) or "nothing"
        raise UsageError(
            f"{err} was changed by somebody else meanwhile. Installed before it: {before}. Run the command again: it "
            "shows what differs now."
        ) from err


def _names(plans: Sequence[Plan]) -> str:
    return ", ".join(escape(f"{plan.name} {plan.versions[1] or ''}".strip()) for plan in plans)


def _count(plans: Sequence[Plan]) -> str:
    return f"{len(plans)} template{'' if len(plans) == 1 else 's'}"
