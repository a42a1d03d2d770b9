"""Write the README tables of the Terraform modules, and the root's pass-through of modules/sesmail.

It reads files as formatted by `terraform fmt`: a block starts with its keyword in the first column and ends with a
brace there. A banner (`# ---`, `# Heading`, `# ---`) above variables becomes a heading of the README. Comments above
the attributes of an object type become a table of its attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- BEGIN TERRAFORM TABLES (make docs) -->"
END = "<!-- END TERRAFORM TABLES -->"
GENERATED = "# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.\n\n"
# Headings in the order in which a user needs them; all others follow in the order of the files.
ORDER = [
    "",
    "Required",
    "Names, stage and tags",
    "Delivery mode",
    "Senders and requests",
    "Send rate and quota",
    "Unknown outcomes and retries",
    "Producers",
    "Brand",
    "Unsubscribe page",
    "Suppression",
    "Breaker",
    "Alarms",
    "SES configuration set and tracking",
    "Data and encryption",
    "IAM roles",
]
# Characters of a type that a cell shows; of a longer object type it shows only that it is an object.
LONGEST_TYPE = 250


@dataclass(frozen=True)
class Attribute:
    """An attribute of an object type; type and default as Markdown."""

    name: str
    description: str
    type: str
    default: str


@dataclass(frozen=True)
class Block:
    """A variable or an output, and the heading above it."""

    name: str
    text: str
    heading: str

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

    @property
    def attributes(self) -> list[Attribute]:
        """The commented attributes of an object type."""
        pattern = re.compile(r"((?:^    # .*\n)+)    (\w+) += (.*)", re.MULTILINE)
        return [
            _attribute(name, constraint, re.sub(r"\s*# ", " ", comment).strip())
            for comment, name, constraint in pattern.findall(self.attribute("type") or "")
        ]


def _attribute(name: str, constraint: str, description: str) -> Attribute:
    """Read a constraint: `number`, `optional(number)` or `optional(number, 1)`."""
    optional = re.fullmatch(r"optional\((.+?)(?:, ([^)]+))?\)", constraint)
    if not optional:
        return Attribute(name, description, _code(constraint), "**required**")
    return Attribute(name, description, _code(optional[1]), _code(optional[2] or "null"))


def blocks(module: Path, kind: str) -> list[Block]:
    """Return every block of a kind in the module, file by file, `variables.tf` before `variables_functions.tf`."""
    files = sorted(module.glob("*.tf"), key=lambda path: path.stem)
    return [block for path in files for block in _blocks(path, kind)]


def _blocks(path: Path, kind: str) -> Iterator[Block]:
    heading = ""
    pattern = rf'^# -+\n# ([^\n]+)\n|^{kind} "([^"]+)" {{\n(.*?)^}}'
    for banner, name, body in re.findall(pattern, path.read_text(), re.MULTILINE | re.DOTALL):
        heading = banner or heading
        if name:
            yield Block(name, body, heading)


def _written_here(module: Path, kind: str) -> list[Block]:
    """Return the blocks that are not generated from another module."""
    files = sorted(module.glob("*.tf"), key=lambda path: path.stem)
    return [block for path in files if not path.read_text().startswith(GENERATED) for block in _blocks(path, kind)]


def tables(module: Path) -> str:
    """Return the module's own variables and outputs as Markdown."""
    variables, outputs = _written_here(module, "variable"), _written_here(module, "output")
    headings = list(dict.fromkeys(block.heading for block in variables))
    headings.sort(key=lambda heading: ORDER.index(heading) if heading in ORDER else len(ORDER))
    lines = ["## Inputs"]
    for heading in headings:
        lines += ["", f"### {heading}"] if heading else []
        lines += ["", *_inputs([block for block in variables if block.heading == heading])]
    if outputs:
        described = [[_code(block.name), _prose(block.description)] for block in outputs]
        lines += ["", "## Outputs", "", *_table(["Name", "Description"], described)]
    return "\n".join(lines)


def _inputs(variables: list[Block]) -> Iterator[str]:
    """Yield a table of variables, then one of the attributes for each object with described attributes."""
    rows = [_variable(block, _owner_of_rules(block, variables)) for block in variables]
    yield from _table(["Name", "Description", "Type", "Default", "Allowed"], rows)
    for block in variables:
        if block.attributes:
            yield from ("", f"Attributes of `{block.name}`:", "")
            rows = [_attribute_row(block, attribute) for attribute in block.attributes]
            yield from _table(["Attribute", "Description", "Type", "Default", "Allowed"], rows)


def _owner_of_rules(block: Block, variables: list[Block]) -> Block | None:
    """Return the variable that has the same rules and a table of attributes, as `producers` for `default_producer`."""
    rules = {_predicate(rule) for rule in block.rules}
    owners = (other for other in variables if other.attributes and not block.attributes)
    return next((other for other in owners if rules and rules <= {_predicate(rule) for rule in other.rules}), None)


def _predicate(rule: str) -> str:
    """Return a rule about an attribute without the name of its variable: `senders must be …`."""
    return re.sub(r" of (?:a )?\w+ must ", " must ", rule, count=1)


def _variable(block: Block, owner: Block | None) -> list[str]:
    default, written = block.attribute("default"), _cell(block.attribute("type") or "")
    if block.attributes or len(written) > LONGEST_TYPE:
        written = re.sub(r"object\(\{.*\}\)", "object", written)
    of_attributes = [rule for attribute in block.attributes for rule in _rules_of(block, attribute)]
    rules = [rule for rule in block.rules if rule not in of_attributes]
    allowed = f"as the attributes of {_code(owner.name)}, see below." if owner else _allowed(block.name, rules)
    shown = _code(default) if default is not None else "**required**"
    return [_code(block.name), _prose(block.description), _code(written), shown, allowed]


def _attribute_row(block: Block, attribute: Attribute) -> list[str]:
    allowed = _allowed(r"[\w, ]+?", _rules_of(block, attribute))
    return [_code(attribute.name), _prose(attribute.description), attribute.type, attribute.default, allowed]


def _rules_of(block: Block, attribute: Attribute) -> list[str]:
    """Return the rules about an attribute, such as `logoUrl and logoDarkUrl of brand must …`."""
    names = {each.name for each in block.attributes} | {"and"}
    subjects = {rule: {*re.findall(r"\w+", rule.partition(" of ")[0])} for rule in block.rules if " of " in rule}
    return [rule for rule, words in subjects.items() if attribute.name in words and names >= words]


def _table(header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield a table; a last column without a value is left out."""
    filled = [*rows]
    width = len(header) if any(row[-1] for row in filled) else len(header) - 1
    for row in (header, ["---"] * len(header), *filled):
        yield f"| {' | '.join(row[:width])} |"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _prose(text: str) -> str:
    """Return a text as a cell, with names such as `emails_per_day` or `tracking_https = true` as code."""
    name = r"(?<![\w`./-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?:\.zip)?(?: = (?:true|false|null|\"\w+\"))?(?![\w`])"
    return re.sub(name, r"`\g<0>`", _cell(text).replace("*", "\\*"))


def _code(value: str) -> str:
    return f"`{_cell(value)}`"


def _allowed(subject: str, rules: list[str]) -> str:
    """Return messages of validations as a cell; what matches `subject` is left out at their start."""
    return _prose("<br>".join(re.sub(rf"^{subject} must be ", "", rule) for rule in rules))


def readme(module: Path) -> str:
    """Return the module's README with its tables up to date."""
    text = (module / "README.md").read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{module / 'README.md'} lacks the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{tables(module)}\n{END}{after}"


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
    for module in (*sorted((ROOT / "modules").iterdir()), root):
        yield module / "README.md", readme(module)


def main() -> None:
    # Twice: the root's README depends on files that the first round writes.
    for _ in range(2):
        for path, text in generated_files():
            path.write_text(text)


if __name__ == "__main__":
    main()
