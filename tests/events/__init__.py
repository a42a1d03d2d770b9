"""SES events as AWS documents them, and hard cases: one JSON file each."""

from pathlib import Path

EVENTS = Path(__file__).parent
