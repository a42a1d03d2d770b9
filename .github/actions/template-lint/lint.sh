#!/usr/bin/env bash
# Runs the lint with the action's inputs, which are the LINT_* variables.
set -euo pipefail

arguments=("$LINT_PATH")
case $LINT_STRICT in
  true) arguments+=(--strict) ;;
  false) ;;
  *)
    echo "::error::The input 'strict' is '$LINT_STRICT'; it must be 'true' or 'false'."
    exit 2
    ;;
esac
read -ra bulk <<<"${LINT_BULK//$'\n'/ }"
read -ra ignore <<<"${LINT_IGNORE//$'\n'/ }"
for template in "${bulk[@]}"; do arguments+=(--bulk "$template"); done
for rule in "${ignore[@]}"; do arguments+=(--ignore "$rule"); done

echo "::add-matcher::$GITHUB_ACTION_PATH/matcher.json"
status=0
"$RUNNER_TEMP/sesmail-template-lint/bin/sesmail" template lint "${arguments[@]}" || status=$?
echo "::remove-matcher owner=sesmail-template-lint::"
exit "$status"
