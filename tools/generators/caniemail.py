"""Extract for the linter which clients drop which CSS and HTML, from the npm package `caniemail` (MIT).

`python -m tools.generators.caniemail tests/browser/node_modules/caniemail/data/caniemail.json`
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[2] / "python/sesmail_cli/templates/lint/caniemail.json"

# The clients that the starters support, by their names in caniemail.
CLIENTS = {
    "Gmail": [("gmail", "desktop-webmail"), ("gmail", "ios"), ("gmail", "android")],
    "Outlook (desktop)": [("outlook", "windows")],
    "Apple Mail": [("apple-mail", "macos"), ("apple-mail", "ios")],
}

_PROPERTY = re.compile(r"(?:font |CSS )?([a-z]+(?:-[a-z]+)*)(?: property| shorthand)?")
_PROPERTY_VALUE = re.compile(r"([a-z-]+): ?([a-z-]+)")
_AT_RULE = re.compile(r"@([a-z-]+)")
_PSEUDO = re.compile(r"::?([a-z-]+)")
_FUNCTION = re.compile(r"(?:CSS )?([a-z-]+)\(\)(?: function)?")
_ELEMENT = re.compile(r"(?:Embedded )?<([a-z]+)>(?: element| image)?")


def extract(data: Mapping[str, Any]) -> dict[str, Any]:
    dropped: dict[str, dict[str, Any]] = {}
    for feature in data["data"]:
        clients = sorted(name for name, variants in CLIENTS.items() if _drops(feature["stats"], variants))
        if clients and feature["category"] in ("css", "html"):
            entry = {"title": feature["title"], "clients": clients}
            dropped |= dict.fromkeys(_keys(feature["category"], feature["title"]), entry)
    return {
        "source": "caniemail.com, by way of the npm package caniemail (MIT)",
        "updated": data["last_update_date"][:10],
        "dropped": dict(sorted(dropped.items())),
    }


def _drops(stats: Mapping[str, Any], variants: list[tuple[str, str]]) -> bool:
    """True if the newest version of one of the client's variants has no support."""
    for family, platform in variants:
        versions = list(stats.get(family, {}).get(platform, {}).values())
        if versions and str(versions[-1]).startswith("n"):
            return True
    return False


def _keys(category: str, title: str) -> Iterator[str]:
    """`property:…`, `value:…`, `at-rule:…`, `pseudo:…`, `function:…`, `element:…`; other features are ignored."""
    patterns = (
        {"element": _ELEMENT}
        if category == "html"
        else {
            "value": _PROPERTY_VALUE,
            "at-rule": _AT_RULE,
            "pseudo": _PSEUDO,
            "function": _FUNCTION,
            "property": _PROPERTY,
        }
    )
    for kind, pattern in patterns.items():
        if match := pattern.fullmatch(title):
            yield f"{kind}:{'='.join(match.groups())}"
            return


def main(source: Path) -> None:
    TARGET.write_text(json.dumps(extract(json.loads(source.read_text())), indent=1, ensure_ascii=False) + "\n")
    print(TARGET)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
