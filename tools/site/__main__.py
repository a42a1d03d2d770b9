"""`python -m tools.site [--check-links]`: build the site into build/site, or ask every external link for an answer."""

from __future__ import annotations

import argparse
import sys

from tools.site.build import OUTPUT, build, check_external_links


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the documentation's site.")
    parser.add_argument("--check-links", action="store_true", help="only check that external links answer")
    arguments = parser.parse_args()
    if arguments.check_links:
        return check_external_links()
    status = build(OUTPUT)
    if status == 0:
        print(f"The site is in {OUTPUT}. See it: python3 -m http.server --directory {OUTPUT}")
    return status


sys.exit(main())
