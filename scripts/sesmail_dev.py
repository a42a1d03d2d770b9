"""The commands behind `make up`, `make down`, `make env` and `make demo`: `python scripts/sesmail_dev.py --help`."""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
runpy.run_module("scripts.dev", run_name="__main__", alter_sys=True)
