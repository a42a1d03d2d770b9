"""X-Ray tracing. Support for its SDK ends in February 2027, so only this module imports it, and only if tracing is
enabled (docs/adr/0045-the-x-ray-sdk-until-its-end.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from sesmail_layer.runtime.parallel import RunAll, Step


def enable_tracing(run_all: RunAll) -> RunAll:
    """Record every AWS call as a subsegment of the invocation's trace. Call it once, before clients are created.

    The SDK keeps the current segment by thread. The result runs steps as `run_all` does, each in the segment of the
    thread that calls it: sending to SES is such a step.
    https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-subsegments.html
    """
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

    def run_in_segment(steps: Sequence[Step]) -> None:
        segment = xray_recorder.get_trace_entity()
        run_all([partial(run_step, segment, step) for step in steps])

    def run_step(segment: Any, step: Step) -> object:
        xray_recorder.set_trace_entity(segment)
        return step()

    return run_in_segment


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
