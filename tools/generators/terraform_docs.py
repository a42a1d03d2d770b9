"""Write the README tables of the Terraform modules, and the root's pass-through of modules/sesmail.

It reads files as formatted by `terraform fmt`: a block starts with its keyword in the first column and ends with a
brace there.
"""

from __future__ import annotations

import re
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
        """Return the attribute's value as written; a value of several lines ends with its closing bracket."""
        match = re.search(rf"^  {name} += (.*(?:\n    .*|\n  [)\]}}].*)*)", self.text, re.MULTILINE)
        return match.group(1) if match else None

    @property
    def description(self) -> str:
        return (self.attribute("description") or "").strip('"').replace('\\"', '"')

    @property
    def rules(self) -> list[str]:
        return [message.replace('\\"', '"') for message in re.findall(r'error_message = "(.*)"\n', self.text)]


def blocks(module: Path, kind: str) -> list[Block]:
    """Return every block of a kind in the module, file by file, `variables.tf` before `variables_functions.tf`."""
    pattern = re.compile(rf'^{kind} "([^"]+)" {{\n(.*?)^}}', re.MULTILINE | re.DOTALL)
    files = sorted(module.glob("*.tf"), key=lambda path: path.stem)
    return [Block(name, body) for path in files for name, body in pattern.findall(path.read_text())]


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _code(value: str | None) -> str:
    return f"`{_cell(value)}`" if value is not None else ""


def tables(module: Path, validated_in: Path | None = None) -> str:
    """Return the module's variables and outputs as Markdown; `validated_in` is the module that checks its values."""
    rules = {
        block.name: block.rules for folder in (module, validated_in or module) for block in blocks(folder, "variable")
    }
    header = ["Name", "Description", "Type", "Default", *(["Allowed"] if any(rules.values()) else [])]
    lines = ["## Inputs", "", _row(header), _row(["---"] * len(header))]
    for block in blocks(module, "variable"):
        default = block.attribute("default")
        shown = _code(default) if default is not None else "**required**"
        cells = [_code(block.name), _cell(block.description), _code(block.attribute("type")), shown]
        lines.append(_row([*cells, _cell("<br>".join(rules[block.name]))][: len(header)]))
    lines += ["", "## Outputs", "", _row(["Name", "Description"]), _row(["---"] * 2)]
    lines += [_row([_code(block.name), _cell(block.description)]) for block in blocks(module, "output")]
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def readme(module: Path, validated_in: Path | None = None) -> str:
    """Return the module's README with its tables up to date."""
    text = (module / "README.md").read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{module / 'README.md'} lacks the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{tables(module, validated_in)}\n{END}{after}"


def root_variables(text: str) -> str:
    """Return a file of the engine's variables without validations: the engine checks what the root passes on."""
    return GENERATED + re.sub(r"\n  validation \{\n.*?\n  \}\n", "", text, flags=re.DOTALL)


def root_module(engine: Path) -> str:
    """Return the root's module block, which passes every variable on."""
    names = [block.name for block in blocks(engine, "variable")]
    width = max(map(len, names))
    passed = "\n".join(f"  {name:<{width}} = var.{name}" for name in names)
    return f'{GENERATED}module "sesmail" {{\n  source = "../modules/sesmail"\n\n{passed}\n}}\n'


def root_outputs(engine: Path) -> str:
    """Return the root's outputs, which pass every output on."""
    return GENERATED + "\n".join(
        f'output "{block.name}" {{\n'
        f'  description = "{block.description}"\n'
        f"  value       = module.sesmail.{block.name}\n"
        "}\n"
        for block in blocks(engine, "output")
    )


def generated_files() -> Iterator[tuple[Path, str]]:
    """Yield every file that is generated, or contains generated tables, with its text."""
    engine, root = ROOT / "modules" / "sesmail", ROOT / "terraform"
    for path in sorted(engine.glob("variables*.tf")):
        yield root / path.name, root_variables(path.read_text())
    yield root / "sesmail.tf", root_module(engine)
    yield root / "outputs.tf", root_outputs(engine)
    for module in sorted((ROOT / "modules").iterdir()):
        yield module / "README.md", readme(module)
    yield root / "README.md", readme(root, engine)


def main() -> None:
    # Twice: the tables of the root's README come from files that the first round writes.
    for _ in range(2):
        for path, text in generated_files():
            path.write_text(text)


if __name__ == "__main__":
    main()
