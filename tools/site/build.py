"""Build the site with Sphinx, from a copy of the Markdown pages whose links are those of a site."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.site import llms
from tools.site.accessibility import accessible
from tools.site.navigation import sections
from tools.site.pages import (
    HOME,
    navigation_blocks,
    page_names,
    siblings_block,
    site_page,
    with_links_of_the_site,
)

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "site"
_INDEX = "docs/README.md"
# Index pages of folders: the navigation names them, and they lead to the others.
_FOLDERS = ("docs/adr/README.md", "docs/ai/README.md")
_PICTURES = "docs/**/*.[sp][vn]g"
_PYTHON = ROOT / ".venv-site" / "bin" / "python"
_MERMAID = Path(__file__).with_name("node_modules") / "mermaid" / "dist"


def build(output: Path) -> int:
    """Write the site into `output`; return Sphinx's exit code. A warning is an error."""
    shutil.rmtree(output, ignore_errors=True)
    with _sources() as (folder, pages):
        status = _sphinx("html", folder, output)
    for page in output.rglob("*.html"):
        page.write_text(accessible(page.read_text()))
    shutil.copytree(_MERMAID / "chunks" / "mermaid.esm.min", output / "_static" / "chunks" / "mermaid.esm.min")
    shutil.copy(_MERMAID / "mermaid.esm.min.mjs", output / "_static")
    for name, text in pages.items():
        _write(output / name, text)
    # Sphinx copies what Markdown shows, not what HTML in it does.
    _copy_pictures(output)
    found = sections((ROOT / _INDEX).read_text())
    _write(output / "llms.txt", llms.index(found))
    _write(output / "llms-full.txt", llms.full(found, pages))
    # GitHub Pages leaves out folders that begin with an underscore unless this file is there.
    _write(output / ".nojekyll", "")
    return status


def check_external_links() -> int:
    """Ask every external link for an answer (Sphinx's linkcheck); return its exit code."""
    with _sources() as (folder, _):
        return _sphinx("linkcheck", folder, ROOT / "build" / "site-links")


@contextmanager
def _sources() -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield a folder with the sources of one build, and the pages' own texts: `make test` builds two at a time."""
    with tempfile.TemporaryDirectory(prefix="sesmail-site-") as folder:
        yield Path(folder), _write_sources(Path(folder))


def _write_sources(folder: Path) -> dict[str, str]:
    """Copy the pages and pictures into `folder` as the site has them; return the pages' own texts by path."""
    names = page_names(ROOT)
    texts = {name: (ROOT / name).read_text() for name in names}
    for name, text in texts.items():
        page = with_links_of_the_site(text, name, ROOT, names)
        if name == HOME:
            page += "\n" + navigation_blocks(sections(texts[_INDEX]))
        if name in _FOLDERS:
            page += siblings_block(name, names)
        _write(folder / site_page(name), page)
    _copy_pictures(folder)
    return texts


def _copy_pictures(folder: Path) -> None:
    for picture in ROOT.glob(_PICTURES):
        copy = folder / picture.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, copy)


def _sphinx(builder: str, sources: Path, output: Path) -> int:
    settings = Path(__file__).with_name("sphinx")
    options: list[str | Path] = ["-b", builder, "-q", "--fail-on-warning", "-n", "-c", settings]
    command: list[str | Path] = [_PYTHON, "-m", "sphinx", *options, sources, output]
    return subprocess.run(command, check=False).returncode


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
