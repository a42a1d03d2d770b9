"""Checks of the functions: they are active, and their archives fit their runtime and processor."""

from __future__ import annotations

import io
import re
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from sesmail_cli.doctor.facts import APPLY, FUNCTIONS, Facts
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok, unknown

_EXTENSION = re.compile(r"\.cpython-(\d)(\d+)-(aarch64|x86_64)-linux-gnu\.so$")
_PROCESSORS = {"aarch64": "arm64", "x86_64": "x86_64"}
# A zip's table of contents is at its end; that of the layer has some 100 KB.
_END_BYTES = 2 * 1024 * 1024
_SECONDS = 30.0


def functions(facts: Facts) -> Iterable[Finding]:
    active = 0
    for name in FUNCTIONS:
        function, name = facts.function(name), facts.resource_name(name)
        if function.get("State") == "Pending" or function.get("LastUpdateStatus") == "InProgress":
            yield unknown(f"{name} is being deployed", fix="Run the command again in a minute.", subject=name)
        elif function.get("State", "Active") not in ("Active", "Inactive"):
            why = function.get("StateReason", "no reason given")
            yield needs_fix(f"{name} is {function['State']}: {why}", fix=_DEPLOY, command=APPLY, subject=name)
        elif function.get("LastUpdateStatus", "Successful") == "Failed":
            why = function.get("LastUpdateStatusReason", "no reason given")
            yield needs_fix(f"the last update of {name} failed: {why}", fix=_DEPLOY, command=APPLY, subject=name)
        else:
            active += 1
    if active == len(FUNCTIONS):
        yield ok(f"all {active} are active")


_DEPLOY = "Deploy it again."


def archives(facts: Facts) -> Iterable[Finding]:
    built: dict[str, set[tuple[str, str]]] = {}
    fits: list[str] = []
    for name in FUNCTIONS:
        function, name = facts.function(name), facts.resource_name(name)
        runs = (function["Runtime"], function.get("Architectures", ["x86_64"])[0])
        layers = [layer["Arn"] for layer in function.get("Layers", ())]
        source = layers[0] if layers else name
        if source not in built:
            built[source] = _built_for(_location(facts, layers, name))
        if built[source] == {runs}:
            fits.append(f"{runs[0]} on {runs[1]}")
        else:
            yield _misfit(name, runs, built[source], source="its layer" if layers else "its archive")
    if len(fits) == len(FUNCTIONS):
        yield ok(f"built for {' and '.join(sorted(set(fits)))}, on which the functions run")


def _location(facts: Facts, layers: list[str], name: str) -> str:
    """Return where Lambda offers the archive that holds the engine's packages: the layer's, else the function's own."""
    functions = facts.client("lambda")
    answer: Mapping[str, Any] = (
        functions.get_layer_version_by_arn(Arn=layers[0])["Content"]
        if layers
        else functions.get_function(FunctionName=name)["Code"]
    )
    return str(answer["Location"])


def _misfit(name: str, runs: tuple[str, str], built: set[tuple[str, str]], *, source: str) -> Finding:
    runtime, processor = runs
    version = runtime.removeprefix("python")
    found = " and ".join(f"{one} on {other}" for one, other in sorted(built))
    what = f"was built for {found}" if built else "does not hold the engine's packages"
    return needs_fix(
        f"{name} runs on {runtime} and {processor}, and {source} {what}: it cannot start",
        fix="Build for what it runs on, or set lambda_runtime and lambda_architecture to what was built. From a "
        "release, leave package_dir out. In a clone:",
        command=f"make package PYTHON_VERSION={version} ARCH={processor} && {APPLY}",
        subject=name,
    )


def _built_for(location: str) -> set[tuple[str, str]]:
    """Return runtime and processor of the compiled modules in the archive; only the end of it is downloaded."""
    request = urllib.request.Request(location, headers={"Range": f"bytes=-{_END_BYTES}"})  # noqa: S310 - Lambda's link
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        end = answer.read()
    with zipfile.ZipFile(io.BytesIO(end)) as archive:
        matches = [match for name in archive.namelist() if (match := _EXTENSION.search(name))]
    return {(f"python{match[1]}.{match[2]}", _PROCESSORS[match[3]]) for match in matches}


_GROUP = "Functions"
CHECKS = (
    Check(
        id="functions",
        group=_GROUP,
        title="Functions",
        why="A function that is not active handles no messages.",
        run=functions,
    ),
    Check(
        id="archive",
        group=_GROUP,
        title="Archive",
        why="Compiled packages load only on the Python and processor that they were built for.",
        run=archives,
    ),
)
