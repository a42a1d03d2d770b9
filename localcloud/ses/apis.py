"""SES's two ways to send a raw message: SendRawEmail (v1, a form answered in XML), SendEmail (v2, JSON).

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from localcloud.ses.limits import ErrorResponse

Response = tuple[int, dict[str, str], bytes]
SEND_EMAIL_PATH = "/v2/email/outbound-emails"
_NAMESPACE = "http://ses.amazonaws.com/doc/2010-12-01/"
# v1's code -> v2's name for the same, and its HTTP status.
_IN_V2 = {
    "Throttling": ("TooManyRequestsException", 429),
    "AccountSendingPausedException": ("SendingPausedException", 400),
    "ConfigurationSetSendingPausedException": ("SendingPausedException", 400),
    "ConfigurationSetDoesNotExist": ("NotFoundException", 404),
    "InvalidParameterValue": ("BadRequestException", 400),
    "AccessDenied": ("AccessDeniedException", 403),
}


def accepted(api: str, message_id: str) -> Response:
    """Return the answer for a message that SES took."""
    if api == "v2":
        return done({"MessageId": message_id})
    result = f"<SendRawEmailResult><MessageId>{message_id}</MessageId></SendRawEmailResult>"
    return _xml(200, f'<SendRawEmailResponse xmlns="{_NAMESPACE}">{result}{_metadata()}</SendRawEmailResponse>')


def done(answer: dict[str, object]) -> Response:
    """Return v2's answer to a request that succeeded."""
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


def rejected(api: str, error: ErrorResponse) -> Response:
    """Return an error in the API's own names and form."""
    if api == "v2":
        code, status = _IN_V2.get(error.code, (error.code, error.status))
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
        return status, headers, json.dumps({"message": error.message}).encode()
    kind = "Receiver" if error.status >= 500 else "Sender"
    inner = f"<Type>{kind}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    text = f'<ErrorResponse xmlns="{_NAMESPACE}"><Error>{inner}</Error>{_metadata()}</ErrorResponse>'
    return _xml(error.status, text)


def _metadata() -> str:
    return f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"


def _xml(status: int, text: str) -> Response:
    return status, {"Content-Type": "text/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
