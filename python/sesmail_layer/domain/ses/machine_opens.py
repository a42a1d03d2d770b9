"""Opens and clicks that no person made.

Only fetches without a person's request are machines': the image proxies of Gmail and Yahoo fetch when a person opens
the mail.
"""

from __future__ import annotations

import re

# Apple Mail Privacy Protection fetches every image when the mail arrives, with this bare name:
# https://help.socketlabs.com/docs/identifying-apple-mpp-opens-in-notification-api-events
_APPLE_MAIL_PRIVACY_PROTECTION = "Mozilla/5.0"

# Gmail fetches images before the mail is shown to someone with Gmail open, with this name:
# https://bird.com/en-us/blog/gmail-prefetching-images
_GMAIL_PREFETCH_ENDING = "Edge/12.246 Mozilla/5.0"

# A phone's name follows that of its system, and may be any word: CUBOT is a maker of phones.
_PHONE = re.compile(r"\((?:Linux; (?:U; )?Android|MIDP)(?![^)]*compatible)[^)]*\)?", re.IGNORECASE)

# Link scanners and programs that identify themselves.
_SCANNERS = re.compile(
    r"bot\b|crawler|spider|scanner\b|HeadlessChrome|PhantomJS|(?:Bing|Uri|URL|Web|Link) ?Preview|Gmail-content-sampling"
    r"|Existence Discovery|barracuda|proofpoint|mimecast|facebookexternalhit|python-requests|aiohttp/|curl/|Wget/"
    r"|Go-http-client|^Java/|Apache-HttpClient|libwww-perl|axios/",
    re.IGNORECASE,
)


def is_machine(user_agent: str | None) -> bool:
    """True where a user agent is known to fetch without a person's request."""
    if user_agent is None:
        return False
    return (
        user_agent.strip() == _APPLE_MAIL_PRIVACY_PROTECTION
        or user_agent.endswith(_GMAIL_PREFETCH_ENDING)
        or _SCANNERS.search(_PHONE.sub("", user_agent)) is not None
    )
