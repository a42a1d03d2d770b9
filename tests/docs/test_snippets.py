"""Every code block in the documentation is well-formed; tests/e2e runs those that need an engine."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from localcloud.provider import terraform_binary
from sesmail_cli import __version__
from sesmail_cli.main import app
from tests.docs.pages import DOCS, ROOT, Block, blocks, pages
from tests.terraform.runner import Workspace
from tools.generators.terraform_docs import blocks as terraform_blocks

# Pages of other folders have their own tests.
PAGES = [page for page in pages() if page.parent in (ROOT, DOCS, DOCS / "ai")]
ALL = [block for page in PAGES for block in blocks(page)]
LANGUAGES = {*"bash hcl html java jinja json jsonl mermaid python text typescript yaml".split(), ""}


def of(*languages: str) -> pytest.MarkDecorator:
    found = [block for block in ALL if block.language in languages]
    assert found
    return pytest.mark.parametrize("block", found, ids=lambda block: block.name)


def test_every_block_has_a_known_language() -> None:
    assert {block.language for block in ALL} <= LANGUAGES


@of("python")
def test_python_compiles(block: Block) -> None:
    compile(ast.parse(block.code), block.name, "exec")


@of("json")
def test_json_is_valid(block: Block) -> None:
    json.loads(block.code)


@of("jsonl")
def test_every_line_of_json_lines_is_valid(block: Block) -> None:
    for line in block.code.splitlines():
        json.loads(line)


def test_the_lint_for_other_peoples_ci_exists_as_the_page_shows_it() -> None:
    action, hooks = (yaml.safe_load(block.code) for block in ALL if block.language == "yaml")
    (lint,) = (step for step in action if "template-lint@" in step["uses"])
    folder, version = lint["uses"].removeprefix("sesmail/sesmail/").split("@")
    assert set(lint["with"]) <= set(yaml.safe_load((ROOT / folder / "action.yml").read_text())["inputs"])
    ids = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (repository,) = hooks["repos"]
    assert {hook["id"] for hook in repository["hooks"]} <= ids
    assert {version, repository["rev"]} == {f"v{__version__}"}


@of("bash")
def test_bash_is_valid(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@of("bash")
def test_aws_commands_exist_with_these_options(block: Block) -> None:
    for words in commands(block, "aws"):
        operation = words[2:4] if words[2] == "wait" else words[2:3]
        known, given = aws_options(words[1], *operation), {word.split("=")[0] for word in words if word[:2] == "--"}
        assert given <= known, f"{' '.join(words[:3])} has no {sorted(given - known)}"


@of("bash")
def test_sesmail_commands_exist_with_these_options(block: Block) -> None:
    for words in commands(block, "sesmail"):
        command, known = get_command(app), {"--help"}
        names = iter(words[1:])
        while True:
            options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
            known |= options.keys()
            if not hasattr(command, "commands") or (name := next(names, None)) is None:
                break
            if name in options:  # an option before the command
                _ = getattr(options[name], "is_flag", False) or next(names)
                continue
            assert name in command.commands, f"sesmail has no {name}"
            command = command.commands[name]
        assert {word for word in words if word.startswith("--")} <= known


@of("bash")
def test_make_targets_exist(block: Block) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(block, "make"):
        named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        assert set(named) <= targets


@of("hcl")
def test_terraform_is_formatted(block: Block) -> None:
    command = [terraform_binary(), "fmt", "-check", "-diff", "-"]
    done = subprocess.run(command, input=block.code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"not formatted as by terraform fmt:\n{done.stdout}{done.stderr}"


@of("hcl")
def test_terraform_arguments_are_variables_of_the_module(block: Block) -> None:
    named = re.search(r"/modules/(\w+)\"", block.code)
    module = ROOT / "modules" / (named[1] if named else "sesmail")
    known = {variable.name for variable in terraform_blocks(module, "variable")} | {"source"}
    if "output " in block.code:
        known |= {"description", "value"}
    if "variable " in block.code:
        known |= {"sensitive", "type"}
    # A resource has the provider's arguments.
    code = re.sub(r'^resource "\w+" "\w+" \{\n.*?^\}', "", block.code, flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"^ {0,2}(\w+) +=", code, re.MULTILINE)) <= known


def test_every_module_block_is_valid_terraform(tmp_path: Path) -> None:
    found = [block.code for block in ALL if block.language == "hcl" and 'module "' in block.code]
    assert len(found) > 3
    workspace = Workspace(tmp_path)
    try:
        folder = tmp_path / "snippets"
        folder.mkdir()
        # One configuration with all blocks: Terraform is slow to start.
        for number, code in enumerate(found):
            code = re.sub(r'module "\w+"', f'module "snippet_{number}"', code)
            code = re.sub(r"\bmodule\.\w+", f"module.snippet_{number}", code)
            code = re.sub(r'"\./sesmail/(modules/\w+)"', r'"../\1"', code)
            (folder / f"snippet_{number}.tf").write_text(code)
        workspace.init("snippets")
        workspace.run("snippets", "validate", "-no-color")
    finally:
        workspace.close()


def test_every_variable_that_a_page_names_exists() -> None:
    """Every name in `name = value` is a variable of the module."""
    known = {variable.name for variable in terraform_blocks(ROOT / "modules/sesmail", "variable")}
    for page in PAGES:
        for name in re.findall(r"`([a-z]+(?:_[a-z]+)+) = [^`]+`", page.read_text()):
            assert name in known, f"{page.name}: {name}"


def commands(block: Block, program: str) -> Iterator[list[str]]:
    """Yield the words of every call of a program in the block."""
    code = re.sub(r"\\\n", " ", block.code)
    code = re.sub(r"<<(\w+)\n.*?\n\1\n", "\n", code, flags=re.DOTALL)
    for match in re.finditer(rf"(?:^|[\s(|;])(?={program} )", code):
        lexer = shlex.shlex(_to_its_end(code[match.end() :]), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = []
        for word in lexer:
            if set(word) <= set("();<>|&"):
                break
            words.append(word)
        if len(words) > 1:
            yield words


def _to_its_end(text: str) -> str:
    """Return the text up to the line break, pipe or bracket outside of quotes that ends a command."""
    quote, escaped = "", False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "\n)|;":
            return text[:position]
    # A quote that began before the program's name: `"$(aws … )"`.
    return text.split(")")[0] if quote else text


@cache
def aws_options(service: str, *operation: str) -> set[str]:
    """Return the options of a command of the AWS CLI, from its own tables."""
    driver = importlib.import_module("awscli.clidriver").create_clidriver()
    # Global options, and those of `aws s3`, which has no table.
    known = {f"--{name}" for name in driver._get_argument_table()}
    table = driver._get_command_table()[service]
    if service in ("s3", "configure"):
        return known | {"--recursive", "--exclude", "--include"}
    command = table
    for name in operation:
        command = getattr(command, "subcommand_table", None) or command._get_command_table()
        command = command[name]
    return known | {f"--{name}" for name in command.arg_table} | {"--no-paginate"}


def test_java_snippets_say_that_they_are_not_tested() -> None:
    before = [text for page in PAGES for text in page.read_text().split("```java")[:-1]]
    assert len(before) > 1
    assert all("ot run by our tests" in text.rsplit("```", 1)[-1] for text in before)
