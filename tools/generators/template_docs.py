"""Write the tables of docs/templates.md from the starters' metadata and samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "templates.md"
_TABLES = re.compile(r"(<!-- starters -->\n).*?(<!-- /starters -->)", re.DOTALL)


def updated(page: str) -> str:
    """Return the page with its tables up to date."""
    tables = "\n".join(_tables())
    return _TABLES.sub(lambda match: f"{match[1]}{tables}\n{match[2]}", page)


def _tables() -> Iterator[str]:
    folders = [path.parent for path in sorted((ROOT / "templates").glob("[!_]*/metadata.json"))]
    everywhere = set.intersection(*({*_read(folder, "metadata.json")["optionalVariables"]} for folder in folders))
    yield "| Starter | For | Version | Sensitive |\n| --- | --- | --- | --- |"
    for folder in folders:
        about = _read(folder, "metadata.json")
        sensitive = "yes" if about["sensitive"] else ""
        yield f"| [`{folder.name}`](#{folder.name}) | {about['description']} | {about['version']} | {sensitive} |"
    yield f"\nEvery starter also takes: {', '.join(f'`{name}`' for name in sorted(everywhere))}."
    for folder in folders:
        yield from _starter(folder, everywhere)


def _starter(folder: Path, everywhere: set[str]) -> Iterator[str]:
    about, sample = _read(folder, "metadata.json"), _read(folder, "sample.json")
    yield f"\n### {folder.name}\n\nSubject: `{about['subject']}`\n"
    yield "| Variable | Required | Example |\n| --- | --- | --- |"
    for name in about["requiredVariables"]:
        yield f"| `{name}` | yes | {_example(sample[name])} |"
    for name in about["optionalVariables"]:
        if name not in everywhere:
            yield f"| `{name}` | | {_example(sample[name])} |"


def _example(value: Any) -> str:
    """Return a value as the table shows it, of a list the first entry."""
    shown = [value[0], "…"] if isinstance(value, list) else value
    text = json.dumps(shown, ensure_ascii=False) if not isinstance(shown, str) else shown.split("\n")[0]
    text = text if len(text) <= 70 else f"{text[:69]}…"
    return f"`{text.replace('|', '')}`"


def _read(folder: Path, file: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / file).read_text(encoding="utf-8"))
    return content


def main() -> None:
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
