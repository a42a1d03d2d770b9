"""AWS's own words in errors. Any of its messages may quote what it was sent: an address, an item, a header.

So only known words stay, each other one becomes `…`; the code is AWS's name for the error.
"""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.plain_text import LINE_ENDS, printable, redacted

_LONGEST = 2_000
_CODE = re.compile(r"[A-Za-z0-9.]{1,80}")
_ACTION = re.compile(r"(?:dynamodb|events|kms|lambda|s3|ses|sns|sqs|ssm):[A-Z][A-Za-z]{2,40}")
# Not of S3 and SES: the names of their resources are keys and addresses.
_RESOURCE = re.compile(r"arn:aws[a-z-]*:(?:dynamodb|events|iam|kms|lambda|sns|sqs|sts):[a-z0-9-]*:\d*:[\w/.:+-]{1,200}")
_WORDS = frozenset(
    """
    a access account active address addresses after allowed already an and any are as assumed at attempt attempts
    authorized aws be because been before being below body bucket but by call called calls can cannot capacity check
    client condition conditional configuration configured connection contains content could credentials daily data
    denied denies detail details did disabled does domain down due duplicate each email empty enabled endpoint error
    event events exceeded exceeds exist exists expired failed failure few following for forbidden format found from
    function group has have header headers id identities identity identity-based illegal illegally in included index
    internal invalid is it item items key keys large last later length level limit limits list long mail mailfrom many
    manual map match maximum message messages minimum missing more most must name names no not number of on one only
    operation or out over parameter parameters parsing part parts paused per perform permission permissions please
    policy production provided provisioned queue quota rate received recipient recipients refused region rejected
    reply request requests required resource revoked resource-based resources response role sandbox security send sender
    sending service session set shut signature size slow slowly specified state statement still string suspended
    tenant table tag tags that the there this throttled throttling throughput time timed times to token too try type
    unable under unexpected unknown until up update used user using validation value values verified version wait was
    were which while will with within yet you your
    """.split()
)
_REGION = re.compile(r"[A-Za-z]{2}(?:-[A-Za-z]{2,10}){1,2}-\d")


def answer(err: BotoCoreError | ClientError) -> str:
    """Return AWS's code and words; for an error of botocore only its name: its text quotes the values sent."""
    if not isinstance(err, ClientError):
        return type(err).__name__
    return f"{code_of(err)}: {known_words(str(err.response.get('Error', {}).get('Message', '')))}"


def code_of(err: ClientError) -> str:
    code = str(err.response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) else "unknown"


def known_words(text: str) -> str:
    """Return a message of AWS without the words that it may have been sent."""
    words = (
        word if _is_known(word) else "…" for word in redacted(printable(LINE_ENDS.sub(" ", text[:_LONGEST]))).split()
    )
    return re.sub(r"…(?: …)+", "…", " ".join(words))


def _is_known(word: str) -> bool:
    bare = word.strip(".,:;!?()[]")
    return (
        not bare
        or bare.lower() in _WORDS
        or (bare.isdecimal() and bare.isascii() and len(bare) <= 3)
        or any(pattern.fullmatch(bare) for pattern in (_ACTION, _RESOURCE, _REGION))
    )
