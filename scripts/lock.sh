#!/usr/bin/env bash
# Pin every requirement with its hashes (needs `uv`, https://docs.astral.sh/uv). No file contains a registry's address.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet "$@"
}
compile requirements/dev.in -o requirements/dev.txt
compile requirements/cli.in -c requirements/dev.txt -o requirements/cli.txt
compile requirements/mcp.in -c requirements/dev.txt -o requirements/mcp.txt
compile requirements/client.in -c requirements/dev.txt -o requirements/client.txt
# The Lambda runtime contains boto3 and its dependencies. email-validator needs dnspython only to ask the DNS.
compile requirements/layer.in -c requirements/dev.txt -o requirements/layer.txt \
  --no-emit-package boto3 --no-emit-package botocore --no-emit-package s3transfer --no-emit-package jmespath \
  --no-emit-package python-dateutil --no-emit-package six --no-emit-package urllib3 --no-emit-package dnspython
compile requirements/webhook.in -c requirements/dev.txt -o requirements/webhook.txt
compile requirements/emulator.in -o requirements/emulator.txt
compile requirements/checkov.in -o requirements/checkov.txt
compile requirements/mutate.in -c requirements/dev.txt -o requirements/mutate.txt
compile requirements/site.in -o requirements/site.txt
