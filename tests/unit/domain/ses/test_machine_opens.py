"""User agents that fetch without a person's request."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.ses.machine_opens import is_machine

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0",
        " Mozilla/5.0 ",
        GMAIL_PREFETCH,
        "Barracuda Sentinel",
        "python-requests/2.32",
        "curl/8",
        "Googlebot",
    ],
)
def test_a_prefetch_or_a_scanner_is_a_machine(user_agent: str) -> None:
    assert is_machine(user_agent)


@pytest.mark.parametrize("user_agent", [None, "", SAFARI, GMAIL_PROXY, "Thunderbird", "Edge/12.246", "Robotics 1.0"])
def test_a_mail_program_or_an_image_proxy_is_a_person(user_agent: str | None) -> None:
    assert not is_machine(user_agent)
