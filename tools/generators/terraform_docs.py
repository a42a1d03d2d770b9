"""Writes what can be read off the Terraform modules: README tables, and the root's pass-through of modules/sesmail.

Run without arguments to write, with --check to fail where a file is not what it would write. It reads files as
`terraform fmt` leaves them: a block starts with its keyword in the first column and ends with a brace there.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- BEGIN TERRAFORM TABLES (make docs) -->"
END = "<!-- END TERRAFORM TABLES -->"
GENERATED = "# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.\n\n"


@dataclass(frozen=True)
class Block:
    """A variable or an output."""

    name: str
    text: str

    def attribute(self, name: str) -> str | None:
        """The attribute's value as written, with a value of several lines up to its closing bracket."""
        match = re.search(rf"^  {name} += (.*(?:\n    .*|\n  [)\]}}].*)*)", self.text, re.MULTILINE)
        return match.group(1) if match else None

    @property
    def description(self) -> str:
        return (self.attribute("description") or "").strip('"').replace('\\"', '"')

    @property
    def rules(self) -> list[str]:
        return [message.replace('\\"', '"') for message in re.findall(r'error_message = "(.*)"\n', self.text)]


def blocks(module: Path, kind: str) -> list[Block]:
    """Every block of a kind in the module, file by file, `variables.tf` before `variables_functions.tf`."""
    pattern = re.compile(rf'^{kind} "([^"]+)" {{\n(.*?)^}}', re.MULTILINE | re.DOTALL)
    files = sorted(module.glob("*.tf"), key=lambda path: path.stem)
    return [Block(name, body) for path in files for name, body in pattern.findall(path.read_text())]


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _code(value: str | None) -> str:
    return f"`{_cell(value)}`" if value is not None else ""


def tables(module: Path) -> str:
    """The module's variables and outputs as Markdown."""
    lines = ["## Inputs", "", "| Name | Description | Type | Default | Allowed |", "| --- | --- | --- | --- | --- |"]
    for block in blocks(module, "variable"):
        default = block.attribute("default")
        shown = _code(default) if default is not None else "**required**"
        rules = _cell("<br>".join(block.rules))
        lines.append(
            f"| `{block.name}` | {_cell(block.description)} | {_code(block.attribute('type'))} | {shown} | {rules} |"
        )
    lines += ["", "## Outputs", "", "| Name | Description |", "| --- | --- |"]
    lines += [f"| `{block.name}` | {_cell(block.description)} |" for block in blocks(module, "output")]
    return "\n".join(lines)


def readme(module: Path) -> str:
    """The module's README with its tables brought up to date."""
    text = (module / "README.md").read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{module / 'README.md'} lacks the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{tables(module)}\n{END}{after}"


def root_module(engine: Path) -> str:
    """The root's one module block, which passes every variable on."""
    names = [block.name for block in blocks(engine, "variable")]
    width = max(map(len, names))
    passed = "\n".join(f"  {name:<{width}} = var.{name}" for name in names)
    return f'{GENERATED}module "sesmail" {{\n  source = "../modules/sesmail"\n\n{passed}\n}}\n'


def root_outputs(engine: Path) -> str:
    """The root's outputs, which pass every output on."""
    return GENERATED + "\n".join(
        f'output "{block.name}" {{\n'
        f'  description = "{block.description}"\n'
        f"  value       = module.sesmail.{block.name}\n"
        "}\n"
        for block in blocks(engine, "output")
    )


def generated_files() -> Iterator[tuple[Path, str]]:
    """Every file that this script is the author of, or the co-author of, with what belongs in it."""
    engine, root = ROOT / "modules" / "sesmail", ROOT / "terraform"
    for path in sorted(engine.glob("variables*.tf")):
        yield root / path.name, GENERATED + path.read_text()
    yield root / "sesmail.tf", root_module(engine)
    yield root / "outputs.tf", root_outputs(engine)
    for module in sorted((ROOT / "modules").iterdir()):
        yield module / "README.md", readme(module)
    yield root / "README.md", readme(root)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is out of date")
    check = parser.parse_args().check
    stale = [path for path, text in generated_files() if not path.exists() or path.read_text() != text]
    if check:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)
        return 1 if stale else 0
    # A second look at the root's README, whose tables come from files written in this loop.
    for _ in range(2):
        for path, text in generated_files():
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
                print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
