"""What the sender makes of a denied SendRawEmail."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import HoldError
from tests.aws.test_ses_mailer import answer


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_denied_sender_is_held_and_its_address_is_not_quoted(code: str) -> None:
    error = answer(code, "User ... is not authorized to perform `ses:SendRawEmail' on `identity/ada@example.com'", 403)
    assert isinstance(error, HoldError)
    assert (error.reason, error.delay_seconds, error.published) == ("access_denied", 30.0, True)
    assert (error.gives_up_as, error.code) == ("expired", "SES009")
    assert error.message == "SES error (AccessDenied): the function's role may not send this email"
