"""`python -m sesmail_cli` is `sesmail`."""

from sesmail_cli.main import app

app(prog_name="sesmail")
