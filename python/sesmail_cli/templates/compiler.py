"""Compile template sources (with layouts and macros in `_shared/`) into self-contained template files.

Compiling expands `[[ ]]` and `[% %]`, and inlines the CSS. `{{ }}` and `{% %}` stay for the sender, so an installed
template is plain Jinja2 without imports, which a user can edit in S3.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, TemplateError, TemplateNotFound, Undefined
from jinja2.environment import TemplateModule
from jinja2.loaders import split_template_path
from jinja2.runtime import BlockReference, Macro

from sesmail_cli.templates.css_inliner import InlineError, inline_styles
from sesmail_cli.templates.limits import COMPILE_SECONDS, limited
from sesmail_layer.domain.template.bounds import metered
from sesmail_layer.domain.template.files import MAX_FILE_BYTES, METADATA
from sesmail_layer.domain.template.sandbox import BoundedEnvironment
from sesmail_layer.domain.template.undefined import UndefinedName

SHARED = "_shared"
# The sender takes MAX_FILE_BYTES. A file that is somewhat larger is still read, for the linter's findings in it.
MAX_SOURCE_BYTES = 4 * MAX_FILE_BYTES
_MARKS = ("[[", "]]", "[%", "%]", "[#")


class TemplateSourceError(ValueError):
    """A template source cannot be compiled; the message names the file."""


def is_source_tree(folder: Path) -> bool:
    """Return True for a folder of template sources, False for one of compiled templates."""
    return (folder / SHARED).is_dir()


def template_folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))


def body_files(folder: Path) -> list[Path]:
    """Return the paths of `template.html`, `template.txt` and their localised variants."""
    return sorted(path for path in folder.glob("template*.*") if path.suffix in {".html", ".txt"})


def compile_templates(source: Path) -> dict[str, bytes]:
    """Return the files to install by `templates/<name>/<file>`. Equal sources give equal bytes."""
    environment = _SourceEnvironment(source)
    compiled: dict[str, bytes] = {}
    for folder in template_folders(source):
        for body in body_files(folder):
            compiled[f"templates/{folder.name}/{body.name}"] = _expand(environment, folder.name, body.name)
        compiled[f"templates/{folder.name}/{METADATA}"] = (folder / METADATA).read_bytes()
    return compiled


def compile_template(source: Path, name: str) -> dict[str, bytes]:
    """Return the compiled body files of one template by name. Raises jinja2.TemplateError, TemplateSourceError."""
    environment = _SourceEnvironment(source)
    return {body.name: _expand(environment, name, body.name) for body in body_files(source / name)}


class _FolderLoader(FileSystemLoader):
    """Loads no file outside of its folder, also where a link leads there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = self._folder.joinpath(*split_template_path(template))
        if not is_inside(path, self._folder):
            raise TemplateNotFound(template)
        if problem := size_problem(path):
            raise TemplateSourceError(f"{template}: {problem}")
        return super().get_source(environment, template)


class _Unknown(UndefinedName):
    """Sources meet no data: what a message quotes is theirs."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, TemplateModule):
            return f"the imported file has no macro {self._undefined_name!r}"
        return super()._undefined_message


class _SourceEnvironment(BoundedEnvironment):
    """The sender's sandbox with other marks. Its only functions are macros and blocks."""

    def __init__(self, source: Path) -> None:
        super().__init__(
            loader=_FolderLoader(source),
            variable_start_string="[[",
            variable_end_string="]]",
            block_start_string="[%",
            block_end_string="%]",
            comment_start_string="[#",
            comment_end_string="#]",
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            cache_size=400,
        )
        self.globals.clear()

        self.undefined = _Unknown

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Macro | BlockReference | Undefined)


def is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def size_problem(path: Path) -> str:
    """Return what is wrong with a file that is too large to read; empty for any other."""
    return too_large(path.stat().st_size if path.is_file() else 0)


def too_large(size: int) -> str:
    return f"file too large: {size} bytes (max {MAX_SOURCE_BYTES} bytes)" if size > MAX_SOURCE_BYTES else ""


def _expand(environment: _SourceEnvironment, name: str, file: str) -> bytes:
    try:
        with metered(), limited(COMPILE_SECONDS):
            text = environment.get_template(f"{name}/{file}").render()
            text = inline_styles(text) if file.endswith(".html") else text
    except (TemplateError, TemplateSourceError):
        raise
    except InlineError as err:
        raise TemplateSourceError(f"{name}/{file}: {err}") from err
    except Exception as err:
        raise TemplateSourceError(f"{name}/{file}: {type(err).__name__}: {err}") from err
    unexpanded = [mark for mark in _MARKS if mark in text]
    if unexpanded:
        raise TemplateSourceError(f"{name}/{file}: {' '.join(unexpanded)} left after compiling")
    return _without_blank_runs(text).encode()


def _without_blank_runs(text: str) -> str:
    """Remove trailing blanks and repeated empty lines, which macros leave behind."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
