"""X-Ray tracing. Its SDK is in maintenance mode, so only this module imports it, and only if tracing is enabled."""

from __future__ import annotations

from typing import Any


def enable_tracing() -> None:
    """Record every AWS call as a subsegment of the invocation's trace. Call it once, before clients are created."""
    from aws_xray_sdk.core import patch, xray_recorder
    from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter

    class Emitter(UDPEmitter):
        def send_entity(self, entity: Any) -> None:
            """Send a segment, or a subsegment, without what may be personal."""
            remove_content(entity)
            super().send_entity(entity)

    # A call outside an invocation, such as in a thread without a segment, must not fail.
    xray_recorder.configure(context_missing="IGNORE_ERROR", emitter=Emitter())
    patch(("botocore",))


def remove_content(entity: Any) -> None:
    """Remove the messages of exceptions, which may quote an address or an item, and all parameters but names.

    An exception's type and stack stay. What the SDK records: its resources/aws_para_whitelist.json.
    """
    cause = entity.cause if isinstance(entity.cause, dict) else {}
    for exception in cause.get("exceptions", ()):
        exception.message = ""
    entity.aws = {name: value for name, value in entity.aws.items() if name in _KEPT}
    for inner in entity.subsegments:
        remove_content(inner)


_KEPT = frozenset("operation region request_id id_2 retries table_name queue_url bucket_name account_id xray".split())
