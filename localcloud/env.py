"""`make env`: point a shell, and an `aws` command of its own, at the local cloud."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from localcloud.emulator import aws_environment
from localcloud.paths import BUILD, REPOSITORY

# Not in the folder that `make up` empties: a shell keeps this one on its PATH.
BIN = BUILD / "bin"
PROJECT_BIN = REPOSITORY / ".venv" / "bin"
# These would win over the exported keys and endpoint, as would the endpoints of single services.
UNSET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"

# A file, not a shell function: scripts and `bash -c` inherit PATH, but no function. It trusts nothing that the caller
# has set: profile, session and endpoints of single services go. `--endpoint-url`, since version 1 of the CLI ignores
# AWS_ENDPOINT_URL for SQS, and would call the real one.
WRAPPER = """#!/bin/bash
# Written by `make env`: the AWS CLI for the local cloud; it never calls the real AWS.
for name in "${{!AWS_@}}"; do unset "$name"; done
{exports}
exec {aws} --endpoint-url {url} "$@"
"""


def exports(url: str, folder: Path = BIN) -> str:
    """Write the `aws` command into the folder; return the lines that point a shell (POSIX) at the local cloud."""
    write_aws(url, folder)
    path = f"{shlex.quote(str(folder))}:{shlex.quote(str(PROJECT_BIN))}"
    endpoints = sorted(name for name in os.environ if name.startswith(SERVICE_ENDPOINT))
    unset = " ".join((*UNSET, *endpoints))
    return "\n".join([f"unset {unset}", *_export_lines(url), f'export PATH={path}:"$PATH"'])


def write_aws(url: str, folder: Path) -> Path:
    """Write an executable `aws` that calls the local cloud, whatever its caller's environment says."""
    folder.mkdir(parents=True, exist_ok=True)
    wrapper = folder / "aws"
    new = folder / ".aws.new"
    aws = shlex.quote(str(PROJECT_BIN / "aws"))
    new.write_text(WRAPPER.format(exports="\n".join(_export_lines(url)), aws=aws, url=shlex.quote(url)))
    new.chmod(0o755)
    # At once: another shell may be running it.
    new.replace(wrapper)
    return wrapper


def _export_lines(url: str) -> list[str]:
    values = aws_environment(url) | {"AWS_PAGER": ""}
    return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
