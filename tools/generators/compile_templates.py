"""The finished starter templates, as packaging ships them: `templates/<name>/<file>` to bytes.

Run by hand it writes them into a folder: `python tools/generators/compile_templates.py build/templates`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

from sesmail_cli.templates.compiler import compile_templates  # noqa: E402 - found through the path set above

__all__ = ["compile_templates"]


def main(target: Path) -> None:
    for key, content in compile_templates(ROOT / "templates").items():
        path = target / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
