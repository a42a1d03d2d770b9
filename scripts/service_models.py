"""botocore's descriptions of the AWS services that the layer calls, reduced to what it needs.

A client reads the description of its whole service, and the endpoints of all services, when it is created: that was a
quarter of a cold start. `sesmail_layer.aws.clients` finds the reduced ones in its folder `models`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader

MODEL_TYPES = ("service-2", "endpoint-rule-set-1")


def service_models(services: Collection[str], sources: Path) -> dict[str, bytes]:
    """Return the files of a botocore data folder; operations whose method the sources do not name are left out."""
    names = {name for source in sources.rglob("*.py") for name in re.findall(r"\w+", source.read_text())}
    loader, files, prefixes = Loader(), {}, set()
    for service in sorted(services):
        version = loader.determine_latest_version(service, "service-2")
        for kind in MODEL_TYPES:
            model = loader.load_service_model(service, kind, version)
            if kind == "service-2":
                prefixes.add(model["metadata"]["endpointPrefix"])
                model = _reduced(model, names)
            files[f"{service}/{version}/{kind}.json"] = _json(model)
    files["endpoints.json"] = _json(_endpoints(loader.load_data("endpoints"), prefixes))
    return files


def _reduced(model: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    operations = {name: each for name, each in model["operations"].items() if xform_name(name) in names}
    shapes: dict[str, Any] = {}
    wanted = list(_shapes_in(operations))
    while wanted:
        name = wanted.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            wanted += _shapes_in(shapes[name])
    reduced: dict[str, Any] = _undocumented({**model, "operations": operations, "shapes": shapes})
    return reduced


def _shapes_in(value: Any) -> Iterator[str]:
    """Yield the names of the shapes that a part of a model refers to; a member may itself have the name `shape`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "shape" and isinstance(inner, str):
                yield inner
            else:
                yield from _shapes_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _shapes_in(inner)


def _undocumented(value: Any) -> Any:
    """Empty the texts; botocore asks for some of them."""
    if isinstance(value, dict):
        return {
            key: "" if key == "documentation" and isinstance(inner, str) else _undocumented(inner)
            for key, inner in value.items()
        }
    return [_undocumented(inner) for inner in value] if isinstance(value, list) else value


def _endpoints(endpoints: dict[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    partitions = [
        {**each, "services": {name: found for name, found in each["services"].items() if name in prefixes}}
        for each in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
