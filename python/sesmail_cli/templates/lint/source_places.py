"""Places of findings in the sources, for templates that are compiled from a layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import msgspec

from sesmail_cli.templates.lint.findings import Finding

_WORD = re.compile(r"\w+")
_TAG = re.compile(r"</?\w+")
_STYLE = re.compile(r"""\sstyle\s*=\s*("[^"]*"|'[^']*')""")
# Jinja2 of the sender, and of the compiler, which may write the sender's.
CODE = re.compile(r"\{[{%].*?[%}]\}|\[[\[%].*?[\]%]\]")


_COMPILED = re.compile(r"\[\[.*?\]\]")
# So that no source makes a pattern that takes long.
_MOST_COMPILED = 6
_LONGEST_LINE = 2000


class _Line(msgspec.Struct, frozen=True):
    file: str
    number: int
    text: str


def as_written(line: str) -> str:
    """Return a line without what the compiler adds: indents, and the CSS that it inlines."""
    return _STYLE.sub("", line).strip()


class SourcePlaces:
    """The lines of one body's source, then of the files in `_shared`, by their text and by their words."""

    def __init__(self, body: str, sources: Mapping[str, str]) -> None:
        suffix = PurePosixPath(body).suffix
        shared = (file for file in sources if file.startswith("../") and file.endswith(suffix))
        self._by_text: dict[str, _Line] = {}
        self._by_written: dict[str, _Line] = {}
        self._by_pattern: list[tuple[re.Pattern[str], _Line]] = []
        self._by_word: dict[str, _Line] = {}
        self._by_name: dict[str, _Line] = {}
        for file in (body, *shared):
            for number, text in enumerate(sources[file].splitlines(), 1):
                line = _Line(file, number, text)
                self._by_text.setdefault(text.strip(), line)
                self._by_written.setdefault(as_written(text), line)
                if pattern := _pattern(text):
                    self._by_pattern.append((pattern, line))
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
        line = self._by_text.get(finding.source.strip()) or self._written(as_written(finding.source)) or by_word
        if line is None:
            return msgspec.structs.replace(finding, line=0, column=0)
        tag = _TAG.match(finding.source, finding.column - 1) if finding.column else None
        column = line.text.find(tag[0] if tag else word) + 1 if tag or word else 0
        return msgspec.structs.replace(finding, file=line.file, line=line.number, column=column, source=line.text)

    def _written(self, text: str) -> _Line | None:
        """Return the line that the compiler has made this text from."""
        if text in self._by_written or len(text) > _LONGEST_LINE:
            return self._by_written.get(text)
        return next((line for pattern, line in self._by_pattern if pattern.fullmatch(text)), None)


def _pattern(text: str) -> re.Pattern[str] | None:
    """Return what a line with `[[ ]]` compiles to; None for another line, and for one that says too little."""
    fixed = _COMPILED.split(as_written(text))
    if not 1 < len(fixed) <= _MOST_COMPILED + 1 or not _TAG.search(fixed[0]):
        return None
    return re.compile(".*?".join(map(re.escape, fixed)))


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
