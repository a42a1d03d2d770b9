"""Bring templates from a folder to the bucket, from the bucket to a folder, and back to an earlier release.

A plan compares and changes nothing; what applies a plan writes only the files that differ, and `metadata.json` last.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from sesmail_cli.templates.bucket import (
    COPY_OF,
    RELEASE_SECONDS,
    ChangedMeanwhileError,
    Release,
    Stored,
    TemplateReleases,
    is_template_file,
    pushable,
    version_of,
)
from sesmail_cli.templates.compiler import is_source_tree
from sesmail_cli.templates.files import SAMPLES, TemplateFiles, TemplatesNotFoundError
from sesmail_layer.aws.installed_templates import AUTHOR
from sesmail_layer.domain.template.files import METADATA


class Kind(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one file; `before` and `after` are None where there is no such file."""

    file: str
    before: bytes | None
    after: bytes | None

    @property
    def kind(self) -> Kind:
        return Kind.NEW if self.before is None else Kind.REMOVED if self.after is None else Kind.CHANGED

    def diff(self) -> str:
        """Return the change as a unified diff."""
        before, after = (_lines(content) for content in (self.before, self.after))
        lines = list(difflib.unified_diff(before, after, f"a/{self.file}", f"b/{self.file}", lineterm=""))
        return "\n".join(lines or [f"--- a/{self.file}", f"+++ b/{self.file}", "(only line ends differ)"])


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would change in one template."""

    name: str
    stored: Stored
    """The installed template that the plan was made for."""
    after: Mapping[str, bytes]
    changes: Sequence[Change]
    copy_of: str | None = None
    """The id of the release that it brings back."""

    @property
    def is_needed(self) -> bool:
        return bool(self.changes) or self.stored.unreleased

    @property
    def versions(self) -> tuple[str | None, str | None]:
        """The installed version and the one to install."""
        before, after = (files.get(METADATA) for files in (self.stored.contents, self.after))
        return version_of(before) if before is not None else None, version_of(after) if after is not None else None


class SourceFolderError(Exception):
    """The folder holds sources: a compiled template must not replace them."""


class LinkError(Exception):
    """A path to write is a link: what it leads to may be outside of the folder."""


def plan_push(installed: TemplateReleases, templates: Iterable[TemplateFiles]) -> list[Plan]:
    """Compare templates with the installed ones of their names."""
    return [_plan(installed.read(template.name), pushable(template)) for template in templates]


def plan_rollback(installed: TemplateReleases, name: str, release_id: str | None = None) -> tuple[Plan, Release]:
    """Plan to bring back a release, by default the one before what is installed.

    Where that is itself a rollback, it is the one before the release that it brought back; where files were changed
    after the last release, it is the last release. Raises TemplatesNotFoundError.
    """
    releases, stored = installed.releases(name), installed.read(name)
    if release_id:
        release = _named(releases, name, release_id)
    else:
        undo = stored.unreleased or METADATA not in stored.files
        release = releases[0] if undo else _one_before(releases, name)
    plan = _plan(stored, installed.at(name, release))
    return msgspec.structs.replace(plan, copy_of=release.copy_of or release.id), release


def apply(installed: TemplateReleases, plans: Iterable[Plan], by: str, sleep: Callable[[float], None]) -> list[str]:
    """Write what differs; return the names of the templates written.

    Raises ChangedMeanwhileError: its `installed` are written, its own template is not released.
    """
    written = []
    try:
        for plan in plans:
            if plan.is_needed:
                _apply(installed, plan, by)
                written.append(plan.name)
    except ChangedMeanwhileError as err:
        raise ChangedMeanwhileError(err.file, written) from err
    finally:
        if written:
            sleep(RELEASE_SECONDS)
    return written


def plan_pull(installed: TemplateReleases, names: Sequence[str], folder: Path) -> list[Plan]:
    """Compare installed templates (without names: all) with those of a folder.

    Raises TemplatesNotFoundError, SourceFolderError, LinkError.
    """
    if is_source_tree(folder):
        raise SourceFolderError(
            f"{folder} has sources (`_shared`), and the bucket has compiled templates: pull into another folder."
        )
    plans = []
    for stored in map(installed.read, names) if names else installed.read_all():
        name = stored.name
        if not stored.files:
            raise TemplatesNotFoundError(f"No template '{name}' in {installed.bucket}. Found: {_list(installed)}")
        for path in (folder / name, *(folder / name / file for file in stored.contents)):
            if path.is_symlink():
                raise LinkError(f"{path} is a link, and pull writes through none: remove it, or pull elsewhere (--to).")
        local = _local(folder / name)
        changes = [change for change in _changes(local, stored.contents) if change.kind is not Kind.REMOVED]
        plans.append(Plan(name=name, stored=stored, after=stored.contents, changes=changes))
    return plans


def write_folder(plans: Iterable[Plan], folder: Path) -> None:
    """Write pulled templates into the folder; files that only the folder has stay."""
    for plan in plans:
        (folder / plan.name).mkdir(parents=True, exist_ok=True)
        for change in plan.changes:
            (folder / plan.name / change.file).write_bytes(change.after or b"")


def differences(installed: Mapping[str, bytes], template: TemplateFiles) -> list[Change]:
    """Return how the installed files differ in what the sender reads, which leaves out the samples."""
    ours = {file: content for file, content in pushable(template).items() if file not in SAMPLES}
    stored = {file: content for file, content in installed.items() if file not in SAMPLES}
    return _changes(stored, ours)


def _apply(installed: TemplateReleases, plan: Plan, by: str) -> None:
    stamp = {AUTHOR: by} | ({COPY_OF: plan.copy_of} if plan.copy_of else {})
    for change in plan.changes:
        if change.file != METADATA and change.after is not None:
            replaces = plan.stored.files.get(change.file)
            installed.write(plan.name, change.file, change.after, replaces=replaces, stamp=stamp)
    for change in plan.changes:
        if change.after is None:
            installed.delete(plan.name, change.file)
    # Also where it did not change: it ends the release, and says who made it.
    metadata = plan.stored.files.get(METADATA)
    installed.write(plan.name, METADATA, plan.after[METADATA], replaces=metadata, stamp=stamp)


def _plan(stored: Stored, after: Mapping[str, bytes]) -> Plan:
    return Plan(name=stored.name, stored=stored, after=after, changes=_changes(stored.contents, after))


def _changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[Change]:
    files = sorted({*before, *after})
    changes = [Change(file=file, before=before.get(file), after=after.get(file)) for file in files]
    return [change for change in changes if change.before != change.after]


def _local(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and is_template_file(path.name)}


def _named(releases: Sequence[Release], name: str, release_id: str) -> Release:
    found = [release for release in releases if release.id.startswith(release_id)]
    if len(found) != 1:
        what = "more than one release" if found else "no release"
        raise TemplatesNotFoundError(f"'{release_id}' names {what} of '{name}'. See `sesmail template list {name}`.")
    return found[0]


def _one_before(releases: Sequence[Release], name: str) -> Release:
    ids = [release.id for release in releases]
    current = next((release for release in releases if release.current), releases[0])
    origin = current.copy_of if current.copy_of in ids else current.id
    older = releases[ids.index(origin or current.id) + 1 :]
    if not older:
        raise TemplatesNotFoundError(f"No release of '{name}' before the installed one is left in the bucket.")
    return older[0]


def _list(installed: TemplateReleases) -> str:
    return ", ".join(installed.names()) or "none"


def _lines(content: bytes | None) -> list[str]:
    return content.decode("utf-8", errors="replace").splitlines() if content is not None else []
