"""Who may write to the queues, and whether each way into them works.

AWS checks queue policies, emulators do not. EventBridge names its account (aws:SourceAccount); no page of AWS says that
SNS does, so those policies rely on aws:SourceArn alone: here both must let their messages in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore import UNSIGNED
from botocore.exceptions import ClientError

from tools.aws_check.engine import DEAD_LETTER_QUEUES, QUEUES, Engine
from tools.aws_check.results import Check, CheckFailedError, Evidence, NotPossibleError, require

RULES: dict[str, tuple[str, ...]] = {
    "EmailQueue": ("EmailEventRule", "CommandEventRule"),
    "BulkQueue": ("BulkEventRule",),
}
RULES["EventBridgeDLQ"] = (*RULES["EmailQueue"], *RULES["BulkQueue"])
TOPICS = dict.fromkeys(("FeedbackQueue", "FeedbackProcessorDLQ"), ("SESFeedback", "Alarms"))
# Written to by the functions' roles, or by SQS itself, and so without a policy.
WITHOUT_POLICY = ("RetryQueue", "BulkRetryQueue", "EmailQueueDLQ", "BulkQueueDLQ", "RetryDLQ", "BulkRetryDLQ")
# What SQS answers to a request without a signature.
DENIED = ("AccessDenied", "AccessDeniedException", "MissingAuthenticationToken", "InvalidClientTokenId", "403")


def writers(engine: Engine, queue: str) -> dict[str, set[str]]:
    """Return who should write to a queue: ARNs by service."""
    if queue in TOPICS:
        return {"sns.amazonaws.com": {engine.arn("sns", f"{engine.name}-{topic}") for topic in TOPICS[queue]}}
    bus = f"rule/{engine.name}-EmailBus/{engine.name}"
    rules = {engine.arn("events", f"{bus}-{rule}") for rule in RULES.get(queue, ())}
    return {"events.amazonaws.com": rules} if rules else {}


def check_policies(engine: Engine) -> Evidence:
    """Each policy names the one source that may write, and the source's account where the service sends it."""
    problems, found = [], {}
    for queue in (*QUEUES, *DEAD_LETTER_QUEUES):
        policy = engine.queue_attributes(queue).get("Policy")
        statements = json.loads(policy)["Statement"] if policy else []
        problems += [f"{queue}: {problem}" for problem in policy_problems(engine, queue, statements)]
        found[queue] = [statement["Sid"] for statement in statements]
    require(not problems, "; ".join(problems), statements=found)
    return {"statements": found}


def policy_problems(engine: Engine, queue: str, statements: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what a queue's policy allows beyond its writers, and which writer it does not allow."""
    expected, allowed = writers(engine, queue), dict[str, set[str]]()
    for statement in statements:
        principal = statement.get("Principal")
        service = principal.get("Service") if isinstance(principal, Mapping) and len(principal) == 1 else None
        arns = (statement.get("Condition") or {}).get("ArnEquals", {}).get("aws:SourceArn", [])
        if statement.get("Effect") != "Allow" or statement.get("Action") not in ("sqs:SendMessage", "SQS:SendMessage"):
            yield f"a statement that is not to send messages: {statement.get('Sid')}"
        elif service not in expected:
            yield f"{service or principal} may write, allowed are {sorted(expected) or 'none'}"
        elif not arns:
            yield f"{service} may write for any source"
        else:
            allowed.setdefault(service, set()).update([arns] if isinstance(arns, str) else arns)
            yield from _account_problems(service, statement["Condition"])
    for service, arns in expected.items():
        for arn in sorted(arns ^ allowed.get(service, set())):
            yield f"{service} {'may not' if arn in arns else 'may'} write for {arn}"


def _account_problems(service: str, condition: Mapping[str, Any]) -> Iterator[str]:
    has_account = "aws:SourceAccount" in condition.get("StringEquals", {})
    if has_account != (service == "events.amazonaws.com"):
        yield f"the statement of {service} {'has' if has_account else 'lacks'} aws:SourceAccount"


def check_strangers(engine: Engine) -> Evidence:
    """A message that no account has signed is denied: first by the check's own queue, then by each of the engine's."""
    own = engine.outputs["check_queue_urls"]["Alarms"]
    if not _is_denied(engine, own) and engine.account.is_emulated:
        raise NotPossibleError("The emulator takes an unsigned message for a queue, against its policy.")
    queues = (*QUEUES, *DEAD_LETTER_QUEUES)
    sqs = engine.client("sqs")
    urls = {queue: sqs.get_queue_url(QueueName=f"{engine.name}-{queue}")["QueueUrl"] for queue in queues}
    took = [queue for queue, url in urls.items() if not _is_denied(engine, url)]
    require(not took, f"A message that no account had signed was accepted by {took}")
    return {"denied_by": queues}


def _is_denied(engine: Engine, url: str) -> bool:
    unsigned = engine.account.client("sqs", UNSIGNED)
    try:
        unsigned.send_message(QueueUrl=url, MessageBody="{}")
    except ClientError as error:
        if error.response["Error"]["Code"].rpartition(".")[2] in DENIED:
            return True
        raise
    return False


def check_destination(engine: Engine) -> Evidence:
    """The configuration set publishes every type of event to the topic."""
    name = engine.outputs["ses_configuration_set_name"]
    answer = engine.client("sesv2").get_configuration_set_event_destinations(ConfigurationSetName=name)
    destinations = answer["EventDestinations"]
    require(len(destinations) == 1, f"{name} has {len(destinations)} event destinations, not one")
    [destination] = destinations
    topic = destination.get("SnsDestination", {}).get("TopicArn")
    types = sorted(destination["MatchingEventTypes"])
    require(destination["Enabled"], f"The event destination {destination['Name']} is disabled", types=types)
    require(topic == engine.outputs["ses_feedback_topic_arn"], f"It publishes to {topic}", types=types)
    needed = {"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY", "RENDERING_FAILURE"}
    require(needed <= set(types), f"It does not publish {sorted(needed - set(types))}", types=types)
    return {"types": types}


def check_ways(engine: Engine) -> Evidence:
    """Requests come by EventBridge, and SES's events by SNS, through policies of both forms."""
    records = {name: engine.record(engine.email_id(name)) for name in ("success", "bulk")}
    lost = [name for name, record in records.items() if not record]
    require(not lost, f"EventBridge did not deliver requests of the scenarios {lost}: see the policies of their queues")
    event_types = sorted({event.get("eventType", "") for event in engine.events("SesEvents")})
    require(event_types, "SES published no event to the topic NAME-SESFeedback", event_types=event_types)
    if not (records["success"] or {}).get("deliveredAt"):
        raise CheckFailedError(
            "The topic has SES's events, and the record has none: NAME-FeedbackQueue does not receive them",
            {"event_types": event_types},
        )
    return {"event_types": event_types}


def check_dead_letters(engine: Engine) -> Evidence:
    """Nothing is left in a queue, nothing has failed for good."""
    counted = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )

    def depths(queues: tuple[str, ...]) -> dict[str, int]:
        found = {queue: engine.queue_attributes(queue) for queue in queues}
        totals = {queue: sum(int(attributes[name]) for name in counted) for queue, attributes in found.items()}
        return {queue: total for queue, total in totals.items() if total}

    engine.wait(lambda: not depths(QUEUES), lambda: f"empty queues; left are {depths(QUEUES)}", engine.patience_seconds)
    dead = depths(DEAD_LETTER_QUEUES)
    require(not dead, f"Dead letters: {dead}")
    return {"empty": (*QUEUES, *DEAD_LETTER_QUEUES)}


_FIX_POLICY = (
    "Compare with `policies` in modules/queue/main.tf; something other than this apply has changed the policy."
)
CHECKS = (
    Check("Queue policies name their one writer", check_policies, _FIX_POLICY),
    Check("A stranger cannot write to a queue", check_strangers, _FIX_POLICY),
    Check(
        "The configuration set publishes SES's events",
        check_destination,
        "Look at modules/ses_events, and whether another program changes event destinations in this account.",
    ),
    Check("Requests and feedback arrive", check_ways, _FIX_POLICY),
    Check(
        "No message is left, none has failed for good",
        check_dead_letters,
        "Read the messages (`sesmail redrive` shows them) and the functions' logs before the engine is destroyed.",
    ),
)
