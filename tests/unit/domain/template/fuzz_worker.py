"""Renders random templates in a process of its own, and measures what each takes.

Reads one seed a line from its standard input, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import sys

from tests.unit.domain.template import measured_rendering
from tests.unit.domain.template.fuzz_grammar import DATA, random_template


def main(seconds: float) -> None:
    measured_rendering.prepare()
    for line in sys.stdin:
        found = measured_rendering.measured(random_template(int(line)), DATA, seconds)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
