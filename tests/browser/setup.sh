#!/usr/bin/env bash
# The programs that the browser tests need: Chromium and SpamAssassin (Debian's packages), and npm.
# Safe to run again.
set -euo pipefail
cd "$(dirname "$0")"

packages=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null || packages+=(chromium)
command -v spamassassin >/dev/null || packages+=(spamassassin)
if ((${#packages[@]})); then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "The browser tests need: ${packages[*]} (on Debian and Ubuntu: sudo apt-get install ${packages[*]})." >&2
    exit 1
  fi
  echo "Installing ${packages[*]} …" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if ! command -v npm >/dev/null; then
  echo "The browser tests need Node.js 20 or later with npm." >&2
  exit 1
fi
