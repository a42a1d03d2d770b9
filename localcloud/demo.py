"""`make demo`: the engine applied on the embedded emulator, and the story of its first emails as it happens."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from rich.console import Console
from rich.syntax import Syntax

from localcloud.deployment import deploy
from localcloud.emulator import start_ministack
from localcloud.mailbox import Mail
from localcloud.paths import BUILD, REPOSITORY, LocalCloudError
from localcloud.snippets import snippet
from localcloud.stack import Stack

FOLDER = BUILD / "demo"
WAIT_SECONDS = 30.0
BOUNCING = "bounce@simulator.amazonses.com"


def run(console: Console) -> None:
    """The whole demo."""
    console.rule("[bold]SESMail")
    console.print("Terraform applies the real stack to an emulated AWS on this machine. This takes about 90 seconds.")
    emulator = start_ministack()
    try:
        deployment = deploy(emulator, "demo/stack")
        story = Story(deployment.stack, console)
        story.quick_start()
        story.bounce()
        story.refused()
    finally:
        emulator.stop()
    how_to_go_on(console)


class Story:
    """Sends, and tells what it sees in the tracking table, on the bus and in the mailbox."""

    def __init__(self, stack: Stack, console: Console) -> None:
        self.stack = stack
        self.console = console
        stack.subscriber.collect()

    def quick_start(self) -> None:
        """The README's Python snippet, as it stands."""
        code = snippet(REPOSITORY / "README.md", "python", "put_events(")
        self.console.rule("The README's quick start")
        self.console.print(Syntax(code.strip(), "python", background_color="default"))
        started = time.monotonic()
        email_id = f"email-{run_python(self.stack, code)}"
        self._tell(started, "accepted", f"EventBridge took the request; its id is {email_id}")
        self._follow(email_id, started, "delivered")
        [mail] = self.stack.mails()
        for path in save(mail, FOLDER):
            self.console.print(f"  saved as {path.relative_to(REPOSITORY)}", highlight=False)

    def bounce(self) -> None:
        """A recipient that does not exist."""
        self.console.rule(f"An address that does not exist: {BOUNCING}")
        started = time.monotonic()
        email_id = self.stack.put_email_request(BOUNCING)
        self._tell(started, "accepted", email_id)
        self._follow(email_id, started, "bounced")
        entry = self._until(lambda: self.stack.suppression(BOUNCING), "the suppression entry")
        self._tell(started, "suppressed", f"{entry['email']} ({entry['reason']}): nobody can write to it again")

    def refused(self) -> None:
        """The same recipient once more."""
        self.console.rule("A second email to the same address")
        started = time.monotonic()
        email_id = self.stack.put_email_request(BOUNCING)
        self._tell(started, "accepted", email_id)
        self._follow(email_id, started, "failed")
        sent = len(self.stack.mails_to(BOUNCING))
        self.console.print(f"  SES was handed {sent} mail for this address, not 2: your reputation is safe.")

    def _follow(self, email_id: str, started: float, last: str) -> None:
        """Print each status event of the email until the last one."""
        told: set[str] = set()

        def look() -> bool:
            for detail in self.stack.subscriber.details_of(email_id):
                if detail["eventId"] not in told:
                    told.add(detail["eventId"])
                    self._tell(started, detail["status"], _words(detail))
            return last in self.stack.statuses_of(email_id)

        self._until(look, f"status {last!r}")

    def _until(self, look: Any, what: str) -> Any:
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := look()):
            if time.monotonic() > deadline:
                raise LocalCloudError(f"The demo waited {WAIT_SECONDS:.0f} s in vain for {what}.")
            time.sleep(0.1)
        return found

    def _tell(self, started: float, status: str, words: str) -> None:
        seconds = time.monotonic() - started
        colour = {"bounced": "yellow", "failed": "yellow", "suppressed": "yellow"}.get(status, "green")
        self.console.print(f"  {seconds:5.1f} s  [{colour}]{status:<10}[/] {words}", highlight=False, soft_wrap=True)


def _words(detail: dict[str, Any]) -> str:
    match detail["status"]:
        case "sent":
            return f"SES accepted it as {detail['sesMessageId']}"
        case "delivered":
            return f"the mail server of {detail['toEmail']} took it"
        case "bounced":
            return f"{detail.get('bounceType')}/{detail.get('bounceSubType')}: {detail.get('diagnosticCode', '')}"
        case "failed":
            return f"{detail['errorType']}: {detail['errorMessage']}"
        case _:
            return ""


def run_python(stack: Stack, code: str) -> str:
    """Run the snippet in a Python of its own, pointed at the emulator only by the environment; the event's id."""
    program = f"{code}\nprint(response['Entries'][0]['EventId'])\n"
    environment = {**os.environ, **stack.emulator.environment}
    environment.pop("AWS_PROFILE", None)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalCloudError(f"The README's snippet failed:\n{done.stderr}")
    return done.stdout.split()[-1]


def save(mail: Mail, folder: Path) -> list[Path]:
    """The mail as it was delivered, and as a page to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    message = folder / "first-email.eml"
    message.write_bytes(mail.raw)
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    facts = [(name, str(mail.parsed[name])) for name in ("From", "To", "Reply-To") if mail.parsed[name]]
    facts += [("Envelope", ", ".join(mail.destinations)), ("SES id", mail.message_id)]
    facts += [(f"Tag {name}", mail.tag(name)) for name, _ in mail.tags]
    page = folder / "first-email.html"
    page.write_text(
        pages.get_template("page.html").render(
            subject=mail.subject, facts=facts, html=mail.body("html"), text=mail.body("plain")
        )
    )
    return [message, page]


def how_to_go_on(console: Console) -> None:
    console.rule("How to go on")
    console.print(
        "Nothing of this demo keeps running. Next:\n"
        "  make up                     the same stack, kept running\n"
        '  eval "$(make -s env)"       points this shell at it; the README\'s snippets work as they stand\n'
        "  make down                   ends it\n"
        "  README.md, docs/setup.md    deploy it to your own AWS account",
        highlight=False,
        soft_wrap=True,
    )
