"""The command `sesmail`."""

__version__ = "0.1.0"
