"""Places of findings in the sources, for templates that are compiled from a layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import msgspec

from sesmail_cli.templates.lint.findings import Finding

_WORD = re.compile(r"\w+")


def in_sources(finding: Finding, sources: Mapping[str, str]) -> Finding:
    """Return the finding with its place in the template's source, else in `_shared`, instead of the compiled file.

    It is the first line that reads the same, else the first with the same word. A line that only the compiler wrote has
    no place in the sources: then the finding is about the file as a whole, with the compiled line.
    """
    if not finding.line or finding.file not in sources:
        return finding
    suffix = PurePosixPath(finding.file).suffix
    files = [finding.file, *(file for file in sources if file.startswith("../") and file.endswith(suffix))]
    line = finding.source.strip()
    word = _WORD.match(finding.source, finding.column - 1) if finding.column else None
    for pattern in (rf"\s*{re.escape(line)}\s*", rf".*(?<!\w){re.escape(word[0])}(?!\w).*" if word else "(?!)"):
        for file in files:
            for number, text in enumerate(sources[file].splitlines(), 1):
                if re.fullmatch(pattern, text):
                    column = text.find(word[0]) + 1 if word else 0
                    return msgspec.structs.replace(finding, file=file, line=number, column=column, source=text)
    return msgspec.structs.replace(finding, line=0, column=0)
