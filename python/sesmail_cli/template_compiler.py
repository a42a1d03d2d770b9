"""Expands the starters' sources (`_shared/` macros) into self-contained template files that a user edits in S3.

The sources use `[[ ]]` and `[% %]` for what packaging expands; `{{ }}` and `{% %}` pass through untouched and are
evaluated by the sender. So an installed template is plain Jinja2 without imports.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

SHARED = "_shared"
METADATA = "metadata.json"
_LEFTOVERS = ("[[", "]]", "[%", "%]", "[#")


class TemplateSourceError(ValueError):
    """A template source cannot be compiled; the message names the file."""


def is_source_tree(folder: Path) -> bool:
    """True for a folder of template sources, false for one of finished templates."""
    return (folder / SHARED).is_dir()


def template_folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))


def body_files(folder: Path) -> list[Path]:
    """`template.html`, `template.txt` and their localised siblings."""
    return sorted(path for path in folder.glob("template*.*") if path.suffix in {".html", ".txt"})


def compile_templates(source: Path) -> dict[str, bytes]:
    """`templates/<name>/<file>` to the bytes to install; the same sources always give the same bytes."""
    environment = _environment(source)
    compiled: dict[str, bytes] = {}
    for folder in template_folders(source):
        for body in body_files(folder):
            compiled[f"templates/{folder.name}/{body.name}"] = _expand(environment, folder.name, body.name)
        compiled[f"templates/{folder.name}/{METADATA}"] = (folder / METADATA).read_bytes()
    return compiled


def compile_template(source: Path, name: str) -> dict[str, bytes]:
    """The body files of one template, by file name."""
    environment = _environment(source)
    return {body.name: _expand(environment, name, body.name) for body in body_files(source / name)}


def _environment(source: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(source),
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - this expands template sources into templates, no data is in play
    )


def _expand(environment: Environment, name: str, file: str) -> bytes:
    text = environment.get_template(f"{name}/{file}").render()
    left = [mark for mark in _LEFTOVERS if mark in text]
    if left:
        raise TemplateSourceError(f"{name}/{file}: {' '.join(left)} left after compiling")
    return _tidy(text).encode()


def _tidy(text: str) -> str:
    """No trailing blanks and no runs of empty lines: macros leave both behind."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
