"""What the console does with templates: send a test, install a folder's template, bring back a release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sesmail_cli.console import emails
from sesmail_cli.console.actions import Action, Fields, Plan, Result, Rows
from sesmail_cli.console.templates import FOLDER_PATH, PLACE, ConsoleGallery, TemplatePages
from sesmail_cli.console.times import local_time
from sesmail_cli.console.view import View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.templates import push
from sesmail_cli.templates.bucket import ChangedMeanwhileError, Release, TemplateReleases
from sesmail_cli.templates.bucket_commands import identity
from sesmail_cli.templates.files import TemplateFiles, TemplatesNotFoundError
from sesmail_cli.templates.gallery.form import escape_surrogates, parse_data
from sesmail_cli.templates.send_test import RejectedByBusError, new_email_id, request_test, without_sender
from sesmail_cli.templates.starters import NEVER_REPLACED, is_replaced_by_starter
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.template.files import METADATA

_LONGEST_ON_A_COMMAND_LINE = 400
_LONGEST_DIFF = 400
"""Lines of one file's difference that a plan shows."""
_FINDINGS = 10


class TemplateActions:
    """Each works on the galleries' templates, and reads them again when it is confirmed."""

    def __init__(self, pages: TemplatePages) -> None:
        self._pages = pages

    @property
    def actions(self) -> tuple[Action, ...]:
        return (
            Action("send-test", self.plan_send, self.run_send),
            Action("push-template", self.plan_push, self.run_push),
            Action("rollback-template", self.plan_rollback, self.run_rollback),
        )

    def plan_send(self, view: View, fields: Fields) -> Plan:
        gallery = self._gallery(fields)
        samples, changed = self._read_for_test(gallery, fields)
        detail = self._detail(fields, samples)
        name, to = detail["templateName"], detail["to"]
        problem = self._problem(view, detail)
        values = escape_surrogates(json.dumps(detail["templateData"], ensure_ascii=False))
        effects = [
            f"One email of the installed template '{name}' to {to}.",
            "It goes through the bus as any other, from the producer `sesmail.send-test`: suppressions, pauses and the "
            "delivery mode apply to it.",
        ]
        if changed:
            effects.append(f"The folder's template differs ({changed}): the email is the installed one. Push it first.")
        options = ["--locale", detail["locale"]] if "locale" in detail else []
        on_line = len(values) <= _LONGEST_ON_A_COMMAND_LINE
        return Plan(
            title=f"Send a test of {name}?",
            effects=[problem] if problem else effects,
            command=view.command(
                "send-test", "--to", to, *options, "--data", values if on_line else "data.json", value=name
            ),
            button="" if problem else "Send the test",
            fields={
                "template": [name],
                "to": [to],
                "emailId": [new_email_id()],
                "values": [values],
                "gallery": [gallery.path],
                "locale": [detail["locale"]] if "locale" in detail else [],
            },
            back=view.url(f"{gallery.path}/{name}"),
            place=PLACE.path,
        )

    def run_send(self, view: View, fields: Fields) -> Result:
        detail, email_id = self._detail(fields, {}), _one(fields, "emailId")
        try:
            request_test(view.engine, detail, email_id)
        except RejectedByBusError as error:
            raise UsageError(f"The bus rejected it: {error}") from error
        return Result(
            title="Requested",
            lines=[f"Its id is `{email_id}`. The sender takes it within seconds; its page shows what happened."],
            links=[
                (view.url(f"{emails.PLACE.path}/{email_id}"), "The email"),
                (view.url(f"{self._gallery(fields).path}/{detail['templateName']}"), "The template"),
            ],
            place=PLACE.path,
        )

    def plan_push(self, view: View, fields: Fields) -> Plan:
        with self._pages.readings.step(view) as installed:
            # First, as each step would compile and check the folder's template again.
            installed.read(_one(fields, "template"))
            template = self._of_folder(fields)
            about = self._galleries[FOLDER_PATH].shelf.open(template.name, None, True)
            errors = [one for one in about["findings"] if one["severity"] == "error"]
            if errors or METADATA not in template.files:
                plan, effects = None, ["Nothing can be installed: fix these first.", *_as_lines(errors)]
            else:
                (plan,) = push.plan_push(installed, [template])
                effects = [*_effects(plan, "install"), *_as_lines(about["findings"])]
        return _shown(
            plan,
            title=f"Install {template.name}?",
            verb="Install it",
            effects=effects,
            fields={"template": [template.name]},
            command=view.command("template", "push", f"{self._pages.folder}/{template.name}"),
            back=view.url(f"{FOLDER_PATH}/{template.name}"),
        )

    def run_push(self, view: View, fields: Fields) -> Result:
        installed = self._pages.releases()
        (plan,) = push.plan_push(installed, [self._of_folder(fields)])
        return self._apply(view, plan, fields, "Installed")

    def plan_rollback(self, view: View, fields: Fields) -> Plan:
        name = _one(fields, "template")
        with self._pages.readings.step(view) as installed:
            plan, release = _plan_rollback(installed, fields)
        by = f", by {release.by}" if release.by else ""
        effects = [f"Back to the release of {local_time(release.installed_at)}{by}.", *_effects(plan, "bring back")]
        return _shown(
            plan,
            title=f"Roll {name} back?",
            verb="Roll it back",
            effects=effects,
            fields={"template": [name], "release": [release.id]},
            command=view.command("template", "rollback", "--to", release.id, value=name),
            back=view.url(f"{PLACE.path}/{name}/releases"),
        )

    def run_rollback(self, view: View, fields: Fields) -> Result:
        plan, _ = _plan_rollback(self._pages.releases(), fields)
        return self._apply(view, plan, fields, "Rolled back")

    @property
    def _galleries(self) -> dict[str, ConsoleGallery]:
        return dict(self._pages.galleries)

    def _gallery(self, fields: Fields) -> ConsoleGallery:
        return self._galleries.get(_one(fields, "gallery", PLACE.path), self._pages.installed)

    def _read_for_test(self, gallery: ConsoleGallery, fields: Fields) -> tuple[Mapping[str, str], str]:
        """Read what a test is made of; return its samples, and which files of the folder differ from the installed."""
        name, locale = _one(fields, "template"), _one(fields, "locale", "") or None
        shelf = self._pages.installed_shelf
        if gallery.path != FOLDER_PATH:
            return shelf.open(name, locale, False)["samples"], ""
        # First, as each step would compile the folder's template again.
        installed = shelf.contents(name)
        changes = push.differences(installed, self._pages.load_from_folder(name))
        return gallery.shelf.open(name, locale, False)["samples"], ", ".join(change.file for change in changes)

    def _detail(self, fields: Fields, samples: Mapping[str, str]) -> dict[str, Any]:
        """Return the request for a test: of data that was confirmed, entered, or is the template's sample."""
        name, locale = _one(fields, "template"), _one(fields, "locale", "")
        data = parse_data(text) if (text := _one(fields, "values", "")) else self._entered(fields, samples)
        if data is None:
            raise UsageError("The data is no JSON object: change it on the template's page.")
        detail = {"to": _one(fields, "to", "").strip(), "templateName": name, "templateData": data}
        return detail | ({"locale": locale} if locale else {})

    def _entered(self, fields: Fields, samples: Mapping[str, str]) -> Any:
        if data_id := _one(fields, "data", ""):
            text = self._gallery(fields).data_of(data_id)
            if text is None:
                raise UsageError("The data is not kept any more: open the template again.")
            return parse_data(text)
        sample = parse_data(samples.get(_one(fields, "sample", ""), next(iter(samples.values()), "")))
        return sample and without_sender(sample)

    def _problem(self, view: View, detail: dict[str, Any]) -> str:
        """Return why the sender would record no email; empty: it would send it."""
        name, locale = detail["templateName"], detail.get("locale")
        try:
            parse_request(detail, now=view.engine.clock.now())
        except PermanentError as error:
            return f"The sender would record {error.error_type}: {error.message} ({error.code})"
        found = self._pages.installed.shelf.render(name, json.dumps(detail["templateData"]), locale)["error"]
        return f"The sender would record: {found['message']} ({found['code']})" if found else ""

    def _of_folder(self, fields: Fields) -> TemplateFiles:
        return self._pages.load_from_folder(_one(fields, "template"))

    def _apply(self, view: View, plan: push.Plan, fields: Fields, what: str) -> Result:
        if _fingerprint(plan) != _one(fields, "plan", ""):
            raise UsageError("A file was changed after this was shown: nothing was installed. Look at the plan again.")
        try:
            push.apply(self._pages.releases(), [plan], identity(view.engine), view.engine.clock.sleep)
        except ChangedMeanwhileError as error:
            raise UsageError(f"{error} was changed by somebody else since the plan. Look at the plan again.") from error
        return Result(
            title=f"{what}: {plan.name} {plan.versions[1] or ''}".rstrip(),
            lines=["Senders use it within five minutes."],
            links=[
                (view.url(f"{PLACE.path}/{plan.name}"), "The template"),
                (view.url(f"{PLACE.path}/{plan.name}/releases"), "Its releases"),
            ],
            place=PLACE.path,
        )


def _plan_rollback(installed: TemplateReleases, fields: Fields) -> tuple[push.Plan, Release]:
    try:
        return push.plan_rollback(installed, _one(fields, "template"), _one(fields, "release", "") or None)
    except TemplatesNotFoundError as error:
        raise UsageError(str(error)) from error


def _shown(plan: push.Plan | None, *, verb: str, fields: dict[str, list[str]], **given: Any) -> Plan:
    """Show a plan with each file's difference; what is confirmed is exactly that."""
    changes = plan.changes if plan else ()
    rows = [(change.file, change.kind.value, *_counts(change)) for change in changes]
    return Plan(
        button=verb if plan and plan.is_needed else "",
        fields=fields | ({"plan": [_fingerprint(plan)]} if plan else {}),
        place=PLACE.path,
        examples=Rows(title="Files", columns=("File", "Change", "Lines added", "Lines removed"), rows=rows)
        if rows
        else None,
        texts=[(f"What differs in {change.file}", _cut(change.diff())) for change in changes],
        **given,
    )


def _effects(plan: push.Plan, verb: str) -> list[str]:
    if not plan.is_needed:
        return ["Nothing differs: there is nothing to do."]
    before, after = plan.versions
    count = len(plan.changes)
    effects = [
        f"Writes {count} {'file' if count == 1 else 'files'} to {verb} version {after or '(none)'}; installed is "
        f"{before or '(none)'}."
        if plan.changes
        else "Completes the last release: its files are there, but it was not finished.",
        "Running senders use it within five minutes. A rollback brings back what is there now.",
    ]
    if is_replaced_by_starter(plan.name, after):
        effects.append(
            f"'{plan.name}' is a starter's name, and {after or '0.0.0'} is below {NEVER_REPLACED}: a newer version of "
            "the starter replaces yours. Give it another name, or that version."
        )
    return effects


def _as_lines(findings: Iterable[dict[str, Any]]) -> list[str]:
    shown = list(findings)
    lines = [
        f"{one['severity']} in `{one['file']}{':' + str(one['line']) if one['line'] else ''}`: {one['message']}"
        for one in shown[:_FINDINGS]
    ]
    return lines + ([f"And {len(shown) - _FINDINGS} more: see Lint."] if len(shown) > _FINDINGS else [])


def _counts(change: push.Change) -> tuple[str, str]:
    lines = change.diff().splitlines()[2:]
    return str(sum(line.startswith("+") for line in lines)), str(sum(line.startswith("-") for line in lines))


def _cut(text: str) -> str:
    lines = text.splitlines()
    rest = len(lines) - _LONGEST_DIFF
    return "\n".join([*lines[:_LONGEST_DIFF], f"… and {rest} lines more"] if rest > 0 else lines)


def _fingerprint(plan: push.Plan) -> str:
    """Return a hash of what is installed and of what would be."""
    found = hashlib.sha256()
    for file, stored in sorted(plan.stored.files.items()):
        found.update(f"{file}\0{stored.etag}\0".encode())
    for file, content in sorted(plan.after.items()):
        found.update(f"{file}\0{hashlib.sha256(content).hexdigest()}\0".encode())
    return found.hexdigest()


def _one(fields: Fields, name: str, default: str | None = None) -> str:
    found = fields.get(name, ())
    if not found and default is None:
        raise UsageError(f"'{name}' is missing.")
    return found[-1] if found else default or ""
