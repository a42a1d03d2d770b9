"""`make demo`: deploy the engine to the embedded emulator, send its first emails and show what happens to them."""

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
from localcloud.engine import Engine
from localcloud.inbox import process as inboxes
from localcloud.mailbox import Mail
from localcloud.paths import BUILD, REPOSITORY, LocalCloudError
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.snippets import snippet
from localcloud.wait import wait_for

FOLDER = BUILD / "demo"
BOUNCING = f"bounce@{SIMULATOR_DOMAIN}"


def run(console: Console) -> None:
    """Run the whole demo."""
    console.rule("[bold]SESMail")
    console.print("Terraform deploys the engine to an emulated AWS on this machine. This takes about 90 seconds.")
    console.print("Delivery mode: live, but SES is emulated too: no email leaves this machine.")
    emulator = start_ministack()
    try:
        engine = deploy(emulator, "demo/deployment").engine
        inbox = inboxes.start(emulator, engine.outputs["email_tracking_table_name"])
        console.print(f"All mail, as it arrives, while the demo runs: {inbox.url}", highlight=False, soft_wrap=True)
        try:
            demo = Demo(engine, console)
            demo.quick_start()
            demo.bounce()
            demo.suppressed_recipient()
        finally:
            inbox.stop()
    finally:
        emulator.stop()
    print_next_steps(console)


class Demo:
    """Sends emails and prints what the status events, the suppression list and the mailbox show."""

    def __init__(self, engine: Engine, console: Console) -> None:
        self.engine = engine
        self.console = console
        # The subscriber receives only what is published after it was made.
        engine.subscriber.collect()

    def quick_start(self) -> None:
        """Run the README's Python snippet as it is."""
        code = snippet(REPOSITORY / "README.md", "python", "put_events(")
        self.console.rule("The README's quick start")
        self.console.print(Syntax(code.strip(), "python", background_color="default"))
        started = time.monotonic()
        email_id = f"email-{run_python(self.engine, code)}"
        self._print_step(started, "accepted", f"EventBridge accepted the request; its emailId is {email_id}")
        self._print_statuses(email_id, started, "delivered")
        [mail] = self.engine.mails()
        for path in save(mail, FOLDER):
            self.console.print(f"  saved as {path.relative_to(REPOSITORY)}", highlight=False)

    def bounce(self) -> None:
        """Send to a recipient that does not exist."""
        self.console.rule(f"A recipient that does not exist: {BOUNCING}")
        started = time.monotonic()
        self._send_to_bouncing(started, "bounced")
        entry = wait_for(lambda: self.engine.suppression(BOUNCING), "the suppression entry")
        self._print_step(started, "suppressed", f"{entry['email']} ({entry['reason']}): never emailed again")

    def suppressed_recipient(self) -> None:
        """Send to the same recipient again."""
        self.console.rule("A second email to the same recipient")
        self._send_to_bouncing(time.monotonic(), "failed")
        sent = len(self.engine.mails_to(BOUNCING))
        self.console.print(f"  SES received {sent} email for this recipient, not 2: your sender reputation is safe.")

    def _send_to_bouncing(self, started: float, final: str) -> None:
        email_id = self.engine.put_email_request(BOUNCING)
        self._print_step(started, "accepted", email_id)
        self._print_statuses(email_id, started, final)

    def _print_statuses(self, email_id: str, started: float, final: str) -> None:
        """Print each status event of the email, up to the final one."""
        printed: dict[str, str] = {}

        def look() -> bool:
            for detail in self.engine.subscriber.details_of(email_id):
                if detail["eventId"] not in printed:
                    printed[detail["eventId"]] = detail["status"]
                    self._print_step(started, detail["status"], _describe(detail))
            return final in printed.values()

        wait_for(look, f"status {final!r}")

    def _print_step(self, started: float, status: str, text: str) -> None:
        seconds = time.monotonic() - started
        colour = "yellow" if status in {"bounced", "failed", "suppressed"} else "green"
        self.console.print(f"  {seconds:5.1f} s  [{colour}]{status:<10}[/] {text}", highlight=False, soft_wrap=True)


def _describe(detail: dict[str, Any]) -> str:
    match detail["status"]:
        case "sent":
            return f"SES accepted it as {detail['sesMessageId']}"
        case "delivered":
            return f"the mail server of {detail['toEmail']} accepted it"
        case "bounced":
            return f"{detail.get('bounceType')}/{detail.get('bounceSubType')}: {detail.get('diagnosticCode', '')}"
        case "failed":
            return f"{detail['errorType']}: {detail['errorMessage']}"
        case _:
            return ""


def run_python(engine: Engine, code: str) -> str:
    """Run the snippet in a process that only its environment points at the emulator; return the event's id."""
    program = f"{code}\nprint(response['Entries'][0]['EventId'])\n"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = inherited | engine.emulator.environment
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalCloudError(f"The README's snippet failed:\n{done.stderr}")
    return done.stdout.split()[-1]


def save(mail: Mail, folder: Path) -> list[Path]:
    """Save the email as it was delivered, and as an HTML page."""
    folder.mkdir(parents=True, exist_ok=True)
    message = folder / "first-email.eml"
    message.write_bytes(mail.raw)
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    headers = [(name, str(mail.parsed[name])) for name in ("From", "To", "Reply-To") if mail.parsed[name]]
    headers += [("Envelope", ", ".join(mail.destinations)), ("SES id", mail.message_id)]
    headers += [(f"Tag {name}", mail.tag(name)) for name, _ in mail.tags]
    page = folder / "first-email.html"
    page.write_text(
        pages.get_template("page.html").render(
            subject=mail.subject, headers=headers, html=mail.body("html"), text=mail.body("plain")
        )
    )
    return [message, page]


def print_next_steps(console: Console) -> None:
    console.rule("Next steps")
    console.print(
        "The demo has stopped everything that it started. Next:\n"
        "  make up                     deploy the engine here and keep it running, with an inbox of all mail\n"
        '  eval "$(make -s env)"       point this shell, and its aws command, at it; the README\'s snippets work\n'
        "  make down                   stop it\n"
        "  README.md, docs/setup.md    deploy the engine to your own AWS account",
        highlight=False,
        soft_wrap=True,
    )
