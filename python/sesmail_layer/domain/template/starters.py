"""Starter templates: packaged files, and the decision whether the seeder installs them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import groupby

import msgspec

from sesmail_layer.domain.template.files import METADATA, MISSING_FILE_CODES

_KEY = re.compile(
    r"templates/([A-Za-z0-9][A-Za-z0-9_-]{0,127})/(template(?:\.[A-Za-z0-9-]+)?\.(?:html|txt)|metadata\.json)"
)

# The grammar at the end of https://semver.org. Build metadata has no precedence, so it is not captured.
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z.-]+)?",
    re.ASCII,
)
NO_VERSION = "0.0.0"

# (is a word, number or word): numbers compare as numbers, and are lower than words (semver 11.4).
_Identifier = tuple[bool, int | str]
Precedence = tuple[tuple[int, int, int], bool, tuple[_Identifier, ...]]


class SeedError(Exception):
    """The starters cannot be installed. `message` is interface (spec section 11)."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Decision(StrEnum):
    INSTALL = "installed"
    UPDATE = "updated"
    SKIP = "skipped"


class Starter(msgspec.Struct, frozen=True):
    """One packaged starter template."""

    name: str
    bodies: Mapping[str, bytes]
    metadata: bytes

    @property
    def version(self) -> str:
        return _version_in(self.metadata)


def starters_in(files: Mapping[str, bytes]) -> list[Starter]:
    """Group `templates/<name>/<file>` entries into starters; ignore other entries. Raises SeedError."""
    matches = sorted((match, content) for key, content in files.items() if (match := _parts(key)))
    return [_starter(name, entries) for name, entries in groupby(matches, key=lambda entry: entry[0][0])]


def decide(starter: Starter, installed_metadata: bytes | None) -> Decision:
    """Compare versions. Skip installed metadata without a comparable version: a user may be editing it.

    >>> decide(Starter("a", {}, b'{"version": "1.1.0"}'), b'{"version": "1.0.9"}')
    <Decision.UPDATE: 'updated'>
    """
    if installed_metadata is None:
        return Decision.INSTALL
    try:
        installed = precedence(_version_in(installed_metadata))
    except ValueError:
        return Decision.SKIP
    return Decision.UPDATE if precedence(starter.version) > installed else Decision.SKIP


def precedence(version: str) -> Precedence:
    """Return a sort key by semver section 11. Raises ValueError."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        raise ValueError(f"'{version}' is not a semantic version")
    major, minor, patch, pre_release = match.groups()
    identifiers = tuple(_identifier(part) for part in pre_release.split(".")) if pre_release else ()
    return (int(major), int(minor), int(patch)), not identifiers, identifiers


def _identifier(part: str) -> _Identifier:
    return (False, int(part)) if part.isdigit() else (True, part)


def _version_in(metadata: bytes) -> str:
    content = json.loads(metadata)
    if not isinstance(content, dict):
        raise ValueError("metadata.json is not an object")
    version = content.get("version")
    return NO_VERSION if version is None else str(version)


def _parts(key: str) -> tuple[str, str] | None:
    match = _KEY.fullmatch(key)
    return (match[1], match[2]) if match else None


def _starter(name: str, entries: Iterable[tuple[tuple[str, str], bytes]]) -> Starter:
    files = {file: content for (_, file), content in entries}
    missing = MISSING_FILE_CODES.keys() - files.keys()
    if missing:
        raise SeedError(f"Starter template '{name}' is incomplete: no {', '.join(sorted(missing))}", code="SEED005")
    metadata = files.pop(METADATA)
    return Starter(name, files, metadata)
