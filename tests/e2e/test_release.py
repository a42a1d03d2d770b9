"""The release's archive as a module's source: Terraform alone, no clone and no Python, one apply, one email."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.emulator import Emulator
from localcloud.engine import SENDER_DOMAIN, Engine
from localcloud.package import architecture
from localcloud.provider import terraform_binary, terraform_init_args
from localcloud.terraform import OVERRIDE
from sesmail_cli import __version__ as VERSION
from tests.release.test_release import build, clone_to

NAME = "released"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The archive's address on a loopback server."""
    clone = clone_to(tmp_path_factory.mktemp("clone"))
    done = build(clone)
    assert done.returncode == 0, done.stderr
    handler = functools.partial(QuietHandler, directory=str(clone / "dist/release"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/sesmail-{VERSION}.zip//modules/sesmail"
        server.shutdown()


class CleanFolder:
    """A folder with six lines of Terraform, and a PATH on which there is Terraform and no Python."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        path = folder / "path"
        path.mkdir()
        (path / "terraform").symlink_to(shutil.which(terraform_binary()) or terraform_binary())
        self._environment = {"PATH": str(path), "HOME": str(folder), "CHECKPOINT_DISABLE": "1", **emulator.environment}

    def terraform(self, *arguments: str) -> str:
        command = ["terraform", *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            executable=self._environment["PATH"] + "/terraform",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_six_lines_of_terraform_deploy_the_release(emulator: Emulator, source: str, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(f"""\
module "sesmail" {{
  source               = "{source}"
  admin_email          = "ops@{SENDER_DOMAIN}"
  default_sender_email = "no-reply@{SENDER_DOMAIN}"
}}
""")
    # What an emulator needs, and what tells this engine from the others there.
    (tmp_path / "emulator.tf").write_text(f'{OVERRIDE}\noutput "engine" {{\n  value = module.sesmail\n}}\n')
    (tmp_path / "emulator_override.tf").write_text(f"""\
module "sesmail" {{
  name                  = "{NAME}"
  lambda_architecture   = "{architecture()}"
  retain_data_on_delete = false
}}
""")
    clean = CleanFolder(tmp_path, emulator)
    clean.terraform("init", "-input=false", *terraform_init_args())
    clean.terraform("apply", "-input=false", "-auto-approve", "-parallelism=40")
    try:
        outputs = json.loads(clean.terraform("output", "-json", "engine"))
        engine = Engine(emulator, outputs, NAME)
        engine.verify_sender()
        email_id = engine.put_email_request(f"reader@{SENDER_DOMAIN}")
        engine.wait_for_status(email_id, "sent", "delivered", seconds=60)
    finally:
        clean.terraform("destroy", "-input=false", "-auto-approve", "-parallelism=40")
