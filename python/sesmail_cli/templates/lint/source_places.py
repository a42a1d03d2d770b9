"""Places of findings in the sources, for templates that are compiled from a layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import msgspec

from sesmail_cli.templates.lint.findings import Finding

_WORD = re.compile(r"\w+")
# Jinja2 of the sender, and of the compiler, which may write the sender's.
CODE = re.compile(r"\{[{%].*?[%}]\}|\[[\[%].*?[\]%]\]")


class _Line(msgspec.Struct, frozen=True):
    file: str
    number: int
    text: str


class SourcePlaces:
    """The lines of one body's source, then of the files in `_shared`, by their text and by their words."""

    def __init__(self, body: str, sources: Mapping[str, str]) -> None:
        suffix = PurePosixPath(body).suffix
        shared = (file for file in sources if file.startswith("../") and file.endswith(suffix))
        self._by_text: dict[str, _Line] = {}
        self._by_word: dict[str, _Line] = {}
        self._by_name: dict[str, _Line] = {}
        for file in (body, *shared):
            for number, text in enumerate(sources[file].splitlines(), 1):
                line = _Line(file, number, text)
                self._by_text.setdefault(text.strip(), line)
                for word in _WORD.findall(text):
                    self._by_word.setdefault(word, line)
                for name in (name for code in CODE.findall(text) for name in _WORD.findall(code)):
                    self._by_name.setdefault(name, line)

    def place(self, finding: Finding) -> Finding:
        """Return the finding on the first line that reads the same, else on the first with the same word.

        A line that only the compiler wrote has no place in the sources: then the finding is about the file as a whole.
        """
        match = _WORD.match(finding.source, finding.column - 1) if finding.column else None
        word = match[0] if match else ""
        # A variable `text` is not found at a class of that name.
        is_name = any(code.start() < finding.column <= code.end() for code in CODE.finditer(finding.source))
        by_word = (self._by_name if is_name else self._by_word).get(word)
        line = self._by_text.get(finding.source.strip()) or by_word
        if line is None:
            return msgspec.structs.replace(finding, line=0, column=0)
        column = line.text.find(word) + 1 if word else 0
        return msgspec.structs.replace(finding, file=line.file, line=line.number, column=column, source=line.text)


def in_sources(findings: Iterable[Finding], sources: Mapping[str, str]) -> list[Finding]:
    """Return the findings with their places in the sources, instead of the compiled files."""
    places: dict[str, SourcePlaces] = {}
    placed = []
    for finding in findings:
        if finding.line and finding.file in sources:
            known = places.get(finding.file) or SourcePlaces(finding.file, sources)
            places[finding.file] = known
            placed.append(known.place(finding))
        else:
            placed.append(finding)
    return placed
