"""X-Ray tracing. Its SDK is in maintenance mode, so only this module imports it, and only if tracing is enabled."""

from __future__ import annotations


def enable_tracing() -> None:
    """Record every AWS call as a subsegment of the invocation's trace. Call it once, before clients are created."""
    from aws_xray_sdk.core import patch, xray_recorder

    # A call outside an invocation, such as in a thread without a segment, must not fail.
    xray_recorder.configure(context_missing="IGNORE_ERROR")
    patch(("botocore",))
