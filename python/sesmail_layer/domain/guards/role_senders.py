"""Which senders the function's role may use: the values of its IAM condition on `ses:FromAddress`.

IAM compares them with StringLike: with case, `*` for any characters and `?` for one.
https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.message import Identity
from sesmail_layer.domain.request.addresses import masked

_WILDCARDS = {"*": ".*", "?": "."}


def check_role_may_send(identity: Identity, allowed: Iterable[str]) -> None:
    """Raises PermanentError `producer_denied` where IAM would deny SendRawEmail from this sender."""
    patterns = list(allowed)
    if any(_is_like(pattern, identity.email) for pattern in patterns):
        return
    differs = any(_is_like(pattern.casefold(), identity.email.casefold()) for pattern in patterns)
    raise PermanentError(
        "producer_denied",
        f"The engine may not send from this address: {identity.origin}: found '{masked(identity.email)}'"
        f"{', which differs in case only' if differs else ''}; use an allowed sender, or add this one to "
        f"allowed_sender_addresses in Terraform; allowed: {patterns}",
        code="SNDR002",
    )


def _is_like(pattern: str, text: str) -> bool:
    expression = "".join(_WILDCARDS.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
