"""The commands that the README begins with, run as its reader runs them, in a work tree of their own.

A copy, so that nobody's running engine, `terraform.tfvars` or `dist/` is touched.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.emulator import Emulator, free_port, port_is_taken, start_ministack
from localcloud.env import exports
from localcloud.package import architecture, python_version
from localcloud.paths import REPOSITORY
from localcloud.provider import terraform_binary, terraform_init_args
from localcloud.snippets import snippet
from localcloud.wait import wait_for

README = REPOSITORY / "README.md"
SETUP = REPOSITORY / "docs" / "setup.md"
RECIPIENT = "recipient@example.com"
# What would reach the commands from this run, `make e2e` included, and not from a reader's shell.
OURS = ("AWS_", "SESMAIL_", "TF_VAR_", "TF_CLI_ARGS", "PYTEST_", "PYTHON", "MAKE", "MFLAGS", "LOCALSTACK_")
OURS_TOO = {"ARCH", "BACKEND", "CI", "DIST", "PORT"}


@dataclass(frozen=True)
class WorkTree:
    """A work tree and the shell in it."""

    folder: Path

    def run(
        self, script: str, environment: Mapping[str, str] | None = None, *, exit_code: int = 0, typed: str = ""
    ) -> str:
        """Run Bash lines at its root; what they print, errors included."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(OURS) and k not in OURS_TOO}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=inherited | dict(environment or {}),
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == exit_code, f"{script}\n→ {done.returncode}\n{done.stdout}"
        return done.stdout

    def processes(self) -> list[str]:
        """The commands that still run out of it."""
        listed = subprocess.run(["ps", "-axww", "-o", "command="], capture_output=True, text=True, check=True).stdout
        return [line for line in listed.splitlines() if str(self.folder) in line]


@pytest.fixture(scope="module")
def work_tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkTree]:
    """A copy of what Git knows, or would take; its set-up is the repository's."""
    # Up to date first: what `make setup` changes in the copy, it would change through the links.
    subprocess.run([str(REPOSITORY / "scripts" / "setup.sh")], check=True)
    tree = WorkTree(tmp_path_factory.mktemp("reader") / "sesmail")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in set(filter(None, listed.split("\0"))):
        if (REPOSITORY / name).is_file():
            (tree.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, tree.folder / name)
    for environment in (".venv", ".venv-emulator"):
        (tree.folder / environment).symlink_to(REPOSITORY / environment)
    yield tree
    tree.run("make down")
    shutil.rmtree(tree.folder)


@contextmanager
def somebody_listening() -> Iterator[int]:
    """A port that is taken."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def newest_status(work_tree: WorkTree, in_the_shell: str) -> str:
    """What the README's look-up says of its recipient's newest email; empty before there is one."""
    answer = json.loads(work_tree.run(f"{in_the_shell}\n{snippet(README, 'bash', 'dynamodb query')}"))
    items: list[dict[str, Any]] = answer["Items"]
    return str(items[0]["status"]["S"]) if items else ""


def test_what_is_not_up_says_so_and_may_be_ended_all_the_same(work_tree: WorkTree) -> None:
    assert "SESMail is not up: run `make up` first." in work_tree.run("make -s env", exit_code=2)
    assert "SESMail is not up." in work_tree.run("make down")


def test_make_up_keeps_a_stack_for_the_reader_s_shell_until_make_down(work_tree: WorkTree) -> None:
    with somebody_listening() as taken:
        told = work_tree.run("make up", {"PORT": str(taken)})
    assert f"Port {taken} is taken; using " in told
    [port] = {int(found) for found in re.findall(r"SESMail is up at http://127\.0\.0\.1:(\d+)\.", told)}
    assert f"SESMail is up already at http://127.0.0.1:{port}." in work_tree.run("make up")

    shell = 'eval "$(make -s env)"'
    (work_tree.folder / "quick_start.py").write_text(snippet(README, "python", "put_events("))
    of_the_reader = {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "of-production"}
    work_tree.run(f"{shell}\npython quick_start.py", of_the_reader)
    wait_for(lambda: newest_status(work_tree, shell) == "delivered", "the quick start's email to be delivered")
    story = work_tree.run(f"{shell}\nsesmail send-test welcome --to bounce@simulator.amazonses.com", exit_code=1)
    assert "bounced" in story

    assert port_is_taken(port)
    assert work_tree.processes()
    assert "SESMail is down." in work_tree.run("make down")
    assert not port_is_taken(port)
    assert work_tree.processes() == []
    assert "SESMail is not up." in work_tree.run("make down")


def test_make_demo_tells_its_story_and_leaves_nothing_running(work_tree: WorkTree) -> None:
    story = work_tree.run("make demo")

    told = [line.split()[2] for line in story.splitlines() if re.match(r" +\d+\.\d s  ", line)]
    assert told == [
        *("accepted", "sent", "delivered"),
        *("accepted", "sent", "bounced", "suppressed"),
        *("accepted", "failed"),
    ]
    for name in re.findall(r"saved as (\S+)", story):
        assert "My Company" in (work_tree.folder / name).read_text()
    assert work_tree.processes() == []


@pytest.fixture
def account() -> Iterator[Emulator]:
    """An AWS account with nothing in it."""
    started = start_ministack(port=free_port())
    yield started
    started.stop()


def test_the_deploy_block_deploys_the_engine(work_tree: WorkTree, account: Emulator) -> None:
    """Word for word. The environment alone says which cloud, where the provider is, and what this machine runs."""
    here = account.environment | {
        "PATH": f"{Path(terraform_binary()).parent}:{os.environ['PATH']}",
        "ARCH": architecture(),
        "PYTHON_VERSION": python_version(account.backend),
        "TF_VAR_lambda_architecture": architecture(),
        "TF_VAR_lambda_runtime": f"python{python_version(account.backend)}",
        "TF_CLI_ARGS_init": shlex.join(terraform_init_args()),
        "TF_CLI_ARGS_apply": "-parallelism=40",
        "CHECKPOINT_DISABLE": "1",
    }
    shell = exports(account.url, work_tree.folder / "account-bin")
    work_tree.run(f"{shell}\n{snippet(SETUP, 'bash', 'create-email-identity')}")

    told = work_tree.run(snippet(README, "bash", "terraform -chdir=terraform apply"), here, typed="yes\n")

    assert "Apply complete!" in told
    work_tree.run(f"{shell}\n{snippet(README, 'bash', 'events put-events')}")
    wait_for(lambda: newest_status(work_tree, shell) == "delivered", "the first email to be delivered")
    assert account.denials() == []
