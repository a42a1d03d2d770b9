"""X-Ray, where it is asked for. Its SDK is in maintenance, so nothing else knows it and it is imported only here."""

from __future__ import annotations


def enable_tracing() -> None:
    """Makes every boto3 call a subsegment of the invocation's trace; called once, before clients are made."""
    from aws_xray_sdk.core import patch, xray_recorder

    # A call outside an invocation (a thread without a segment) must never fail for lack of a trace.
    xray_recorder.configure(context_missing="IGNORE_ERROR")
    patch(("botocore",))
