"""docs/templates.md as a new user follows it: every command of its tour, word for word and in order."""

from __future__ import annotations

import html
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localcloud.emulator import free_port
from localcloud.paths import REPOSITORY
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.snippets import code_blocks
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.shell import run_in_shell

PAGE = REPOSITORY / "docs" / "templates.md"
TOUR = code_blocks(PAGE, "bash")
RECIPIENT = f"success@{SIMULATOR_DOMAIN}"


def step(*texts: str) -> str:
    """Return the first command of the page with all these texts."""
    return next(code for code in TOUR if all(text in code for text in texts))


class Gallery:
    """The preview as `sesmail template preview` serves it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def page(self, part: str = "") -> str:
        """Return the template's page, with its text as people read it."""
        with urllib.request.urlopen(f"{self._url}/templates/greeting?part={part}") as answer:
            return html.unescape(answer.read().decode())

    def is_up(self) -> bool:
        try:
            return "greeting" in self.page()
        except urllib.error.URLError:
            return False


@contextmanager
def preview(folder: Path) -> Iterator[Gallery]:
    """Run the page's own command, on a free port and without opening a browser."""
    port = free_port()
    command = f"exec {step('template preview').strip()} --no-open --port {port}"
    path = f"{REPOSITORY / '.venv' / 'bin'}:{os.environ['PATH']}"
    process = subprocess.Popen(["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path})
    gallery = Gallery(f"http://127.0.0.1:{port}")
    try:
        wait_for(gallery.is_up, "the preview")
        yield gallery
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place to work in, where `templates` is the project's."""
    (tmp_path / "templates").symlink_to(REPOSITORY / "templates")
    return tmp_path


def test_edit_a_subject_break_a_variable_fix_it_and_send_it(engine: EngineUnderTest, folder: Path) -> None:
    def run(*texts: str) -> str:
        return run_in_shell(engine.emulator, step(*texts), folder)

    # Other tests send to the page's recipient too.
    before = len(engine.mails_to(RECIPIENT))
    run("template new")
    with preview(folder) as gallery:
        assert 'role="alert"' not in gallery.page()
        run("A warm welcome to")
        assert "<dt>Subject</dt><dd><bdi>👋 A warm welcome to Northwind Books</bdi></dd>" in gallery.page()
        run("s/{{ userName }}/{{ userNam }}/")
        broken = gallery.page("lint")
        assert "Undefined variable: 'userNam' is undefined" in broken
        assert "Below is the last email that worked." in broken
        assert "undeclared-variable" in broken
        [shown, _] = code_blocks(PAGE, "text")
        printed = run_in_shell(engine.emulator, "sesmail template lint my-templates || [[ $? == 1 ]]", folder)
        assert printed == shown
        assert "0 errors, 0 warnings" in run("s/{{ userNam }}/{{ userName }}/", "lint")
        assert 'role="alert"' not in gallery.page()
    dry = run("--dry-run")
    assert "Subject: 👋 A warm welcome to Northwind Books" in dry
    assert len(engine.mails_to(RECIPIENT)) == before

    printed = run("template push", "send-test")
    assert printed.splitlines()[-1].split()[1] == "delivered"
    [mail] = engine.mails_to(RECIPIENT)[before:]
    assert mail.subject == "👋 A warm welcome to Northwind Books"
    assert "Welcome, Ada!" in mail.body("plain")

    printed = run("template rollback")
    assert "Back to the release of" in printed
    stored = engine.s3.get_object(Bucket=engine.outputs["template_bucket_name"], Key="templates/greeting/metadata.json")
    assert "A warm welcome to" in json.loads(stored["Body"].read())["subject"]
    # The engine has loaded the template less than five minutes ago, but a test shows what is installed now.
    assert engine.mails_to(RECIPIENT)[-1].subject == "👋 A warm welcome to Northwind Books"


def test_a_layout_of_one_s_own_is_built(engine: EngineUnderTest, folder: Path) -> None:
    printed = run_in_shell(engine.emulator, step("template build"), folder)
    assert "1 template: 0 errors, 0 warnings" in printed
    assert 'style="' in (folder / "build/mail/autumn-news/template.html").read_text()
    [_, files] = code_blocks(PAGE, "text")
    assert [(folder / line.split()[0]).is_file() for line in files.splitlines()] == [True] * 3
