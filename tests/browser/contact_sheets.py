"""Lay the screenshots of each starter out on one page: `python -m tests.browser.contact_sheets`."""

from __future__ import annotations

from html import escape
from pathlib import Path

from tests.browser.pictures import FOLDER

STYLE = (
    "body{margin:16px;background:#777;color:#fff;font:13px sans-serif}figure{margin:0}"
    "main{display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start}img{display:block;width:300px}"
)


def page(folder: Path) -> str:
    """Return the page with a starter's screenshots."""
    name = escape(folder.name)
    figures = "".join(
        f'<figure><figcaption>{escape(path.stem)}</figcaption><img src="{name}/{escape(path.name)}" alt=""></figure>'
        for path in sorted(folder.glob("*.png"))
    )
    return f"<!doctype html><title>{name}</title><style>{STYLE}</style><h1>{name}</h1><main>{figures}</main>"


def main() -> None:
    for folder in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
        sheet = FOLDER / f"{folder.name}.html"
        sheet.write_text(page(folder), encoding="utf-8")
        print(sheet)


if __name__ == "__main__":
    main()
