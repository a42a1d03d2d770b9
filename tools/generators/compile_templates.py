"""Write the finished starter templates into a folder: `python -m tools.generators.compile_templates build/starters`."""

import sys
from pathlib import Path

from sesmail_cli.templates.compiler import compile_templates

SOURCES = Path(__file__).resolve().parents[2] / "templates"


def main(target: Path) -> None:
    for key, content in compile_templates(SOURCES).items():
        path = target / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
