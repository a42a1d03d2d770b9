#!/usr/bin/env bash
# Makes .venv with the newest Python found (3.11 or later) and the pinned, hash-checked requirements; with --tests also
# what only the tests need: checkov, Sphinx, Chromium, SpamAssassin, npm packages; with --site only what the documentation's
# site needs; with --mutate what `make mutate` needs. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2])'

newest_python() {
  local version candidate pyenv_root
  pyenv_root=$(command -v pyenv >/dev/null 2>&1 && pyenv root 2>/dev/null || echo "$HOME/.pyenv")
  for version in 3.14 3.13 3.12 3.11; do
    for candidate in "$pyenv_root"/versions/"$version"*/bin/python3 "$(command -v "python$version" 2>/dev/null)"; do
      if [[ -n $candidate && -x $candidate ]] && "$candidate" -c "$supported" 2>/dev/null; then
        echo "$candidate"
        return
      fi
    done
  done
  if python3 -c "$supported" 2>/dev/null; then
    command -v python3
    return
  fi
  echo "SESMail needs Python 3.11 or later on PATH (https://www.python.org/downloads)." >&2
  return 1
}

make_venv() { # make_venv FOLDER REQUIREMENTS
  local folder=$1 requirements=$2 stamp
  stamp=$(cat "$requirements" "$0" | sha256sum | cut -d' ' -f1)
  if [[ -x $folder/bin/python && $(cat "$folder/.stamp" 2>/dev/null) == "$stamp" ]]; then
    return
  fi
  local python
  python=$(newest_python)
  echo "Installing $requirements into $folder ($("$python" --version)) …" >&2
  "$python" -m venv --clear "$folder"
  "$folder/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$requirements"
  echo "$stamp" >"$folder/.stamp"
}

make_venv .venv requirements/dev.txt
make_venv .venv-emulator requirements/emulator.txt
if [[ ! -x .venv/bin/sesmail || $0 -nt .venv/bin/sesmail ]]; then
  printf '#!/usr/bin/env bash\nexec "%s/.venv/bin/python" -m sesmail_cli "$@"\n' "$PWD" >.venv/bin/sesmail
  chmod +x .venv/bin/sesmail
  echo "$PWD/python" >"$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/sesmail.pth"
fi
install_npm_packages() { # install_npm_packages FOLDER
  local folder=$1 stamp
  stamp=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
  if [[ $(cat "$folder/node_modules/.stamp" 2>/dev/null) != "$stamp" ]]; then
    echo "Installing the npm packages of $folder …" >&2
    npm ci --silent --prefix "$folder"
    echo "$stamp" >"$folder/node_modules/.stamp"
  fi
}

if [[ ${1:-} == --tests ]]; then
  make_venv .venv-checkov requirements/checkov.txt
  tests/browser/setup.sh
  install_npm_packages tests/browser
fi
if [[ ${1:-} == --tests || ${1:-} == --site ]]; then
  make_venv .venv-site requirements/site.txt
  install_npm_packages tools/site
fi
if [[ ${1:-} == --mutate ]]; then
  make_venv .venv-mutate requirements/mutate.txt
fi
