"""Where an email's recipient unsubscribes: a signed link of the engine's endpoint, or what the request says."""

from __future__ import annotations

from sesmail_layer.domain.request.email_request import ListUnsubscribe
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.usecases.sender.job import Email
from sesmail_layer.usecases.sender.ports import SendingRules, UnsubscribeUrlOf

NO_UNSUBSCRIBE = (
    "listUnsubscribe: missing in bulk mail; allowed: true, or an object with url, mailto or both "
    '(bulk_requires_unsubscribe is "refuse")'
)

NOT_BULK = (
    "listUnsubscribe: found true in mail that is not bulk, which is sent whatever its recipient unsubscribed from; "
    'allowed: with priority "bulk", or from a producer with a policy that makes its mail bulk'
)


def unsubscribe_of(email: Email, url_of: UnsubscribeUrlOf | None, rules: SendingRules) -> ListUnsubscribe | None:
    """Return what the email's headers say; None where it has no way to unsubscribe.

    Raises Refusal VAL008 (no endpoint), VAL009 (bulk mail needs a way), VAL010 (a link that would stop nothing), and
    TransientError.
    """
    asked = email.request.list_unsubscribe
    if asked is None and email.bulk and rules.bulk_requires_unsubscribe == "refuse":
        raise Refusal(NO_UNSUBSCRIBE, code="VAL009")
    if not isinstance(asked, bool):
        return asked
    if url_of is None:
        raise Refusal(
            "listUnsubscribe: found true, but this engine has no unsubscribe endpoint; give url or mailto, or set "
            "unsubscribe_endpoint = true in Terraform",
            code="VAL008",
        )
    if not email.bulk:
        raise Refusal(NOT_BULK, code="VAL010")
    return ListUnsubscribe(url=url_of(email.email_id, email.envelope.source, email.facts["to_email"]))
