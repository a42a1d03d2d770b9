"""The README's first commands, run as its reader runs them, in a copy of the work tree.

A copy, so that no running engine, `terraform.tfvars` or `dist/` is touched.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.clients import client
from localcloud.emulator import Emulator, free_port, port_is_taken, start_ministack
from localcloud.engine import SENDER_DOMAIN
from localcloud.env import exports
from localcloud.package import architecture, python_version
from localcloud.paths import REPOSITORY
from localcloud.provider import terraform_binary, terraform_init_args
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.snippets import snippet
from localcloud.wait import wait_for

README = REPOSITORY / "README.md"
# What a reader's shell may have: it must not lead any command to the real AWS.
PRODUCTION = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "production",
    "AWS_ENDPOINT_URL_SQS": "https://sqs.us-east-1.amazonaws.com",
    "AWS_ENDPOINT_URL_EVENTS": "https://events.us-east-1.amazonaws.com",
}
# Variables of this run (`make e2e` included) that a reader's shell does not have.
OWN_PREFIXES = ("AWS_", "SESMAIL_", "TF_VAR_", "TF_CLI_ARGS", "PYTEST_", "PYTHON", "MAKE", "MFLAGS", "LOCALSTACK_")
OWN_NAMES = {"ARCH", "BACKEND", "CI", "DIST", "PORT"}


@dataclass(frozen=True)
class WorkTree:
    """A work tree and the shell in it."""

    folder: Path

    def run(
        self, script: str, environment: Mapping[str, str] | None = None, *, exit_code: int = 0, typed: str = ""
    ) -> str:
        """Run Bash lines at its root; return what they print, errors included."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(OWN_PREFIXES) and k not in OWN_NAMES}
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
        """List the running commands of this work tree."""
        listed = subprocess.run(["ps", "-axww", "-o", "command="], capture_output=True, text=True, check=True).stdout
        return [line for line in listed.splitlines() if str(self.folder) in line]


@pytest.fixture(scope="module")
def work_tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkTree]:
    """A copy of the files that Git tracks or would add, with the repository's virtual environments."""
    # Up to date first: `make setup` in the copy would change the environments through the links.
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
def port_in_use() -> Iterator[int]:
    """Listen on a port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def newest_status(work_tree: WorkTree, shell_setup: str) -> str:
    """Return the status of the recipient's newest email by the README's query; empty if there is none."""
    answer = json.loads(work_tree.run(f"{shell_setup}\n{snippet(README, 'bash', 'dynamodb query')}"))
    items: list[dict[str, Any]] = answer["Items"]
    return str(items[0]["status"]["S"]) if items else ""


def test_env_and_down_say_that_nothing_is_up(work_tree: WorkTree) -> None:
    assert "SESMail is not up: run `make up` first." in work_tree.run("make -s env", exit_code=2)
    assert "SESMail is not up." in work_tree.run("make down")


def test_make_up_keeps_an_engine_for_the_reader_s_shell_until_make_down(work_tree: WorkTree) -> None:
    with port_in_use() as taken:
        printed = work_tree.run("make up", {"PORT": str(taken)})
    assert f"Port {taken} is taken; using " in printed
    [port] = {int(found) for found in re.findall(r"SESMail is up at http://127\.0\.0\.1:(\d+)\.", printed)}
    again = work_tree.run("make up")
    assert f"SESMail is already up at http://127.0.0.1:{port}." in again
    [inbox] = {*re.findall(r"Inbox: (http://127\.0\.0\.1:\d+/\S+/)", printed + again)}

    shell = 'eval "$(make -s env)"'
    (work_tree.folder / "quick_start.py").write_text(snippet(README, "python", "put_events("))
    work_tree.run(f"{shell}\npython quick_start.py", PRODUCTION)
    wait_for(lambda: newest_status(work_tree, shell) == "delivered", "the quick start's email to be delivered")
    printed = work_tree.run(f"{shell}\nsesmail send-test welcome --to bounce@{SIMULATOR_DOMAIN}", exit_code=1)
    assert "bounced" in printed
    with urllib.request.urlopen(inbox) as answer:
        page = answer.read().decode()
    assert re.findall(r'class="badge badge-\w+">(\w+)<', page) == ["bounced", "delivered"]

    (work_tree.folder / "saved.sh").write_text("#!/bin/bash\naws sqs list-queues\n")
    for command in ("bash saved.sh", 'bash -c "aws sqs list-queues"', 'env -i PATH="$PATH" aws sqs list-queues'):
        assert "sesmailengine-EmailQueue" in work_tree.run(f"{shell}\n{command}", PRODUCTION)

    assert port_is_taken(port)
    assert work_tree.processes()
    assert "SESMail is down." in work_tree.run("make down")
    assert not port_is_taken(port)
    assert work_tree.processes() == []
    assert "SESMail is not up." in work_tree.run("make down")


def test_make_demo_shows_every_status_and_leaves_nothing_running(work_tree: WorkTree) -> None:
    printed = work_tree.run("make demo")

    statuses = [line.split()[2] for line in printed.splitlines() if re.match(r" +\d+\.\d s  ", line)]
    assert statuses == [
        *("accepted", "sent", "delivered"),
        *("accepted", "sent", "bounced", "suppressed"),
        *("accepted", "failed"),
    ]
    for name in re.findall(r"saved as (\S+)", printed):
        assert "My Company" in (work_tree.folder / name).read_text()
    assert work_tree.processes() == []


@pytest.fixture
def account() -> Iterator[Emulator]:
    """An AWS account with nothing in it."""
    started = start_ministack(port=free_port())
    yield started
    started.stop()


def test_the_deploy_block_deploys_the_engine(work_tree: WorkTree, account: Emulator) -> None:
    """Word for word: only the environment names the cloud, the provider's folder and this machine's architecture."""
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
    client(account, "ses").verify_domain_identity(Domain=SENDER_DOMAIN)

    printed = work_tree.run(snippet(README, "bash", "terraform -chdir=terraform apply"), here, typed="yes\n")

    assert "Apply complete!" in printed
    work_tree.run(f"{shell}\n{snippet(README, 'bash', 'events put-events')}")
    wait_for(lambda: newest_status(work_tree, shell) == "delivered", "the first email to be delivered")
    assert account.denials() == []
