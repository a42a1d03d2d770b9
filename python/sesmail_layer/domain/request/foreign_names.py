"""Names that other mail APIs use for something that a request has under another name, or does in another way.

A request with one of them is rejected, whatever `unknown_fields` says: ignoring it would send another mail than was
meant. Names are compared without case and punctuation (`From`, `html_body`).
"""

from __future__ import annotations

import re

_SENDER = "use senderOverride, an object with email, name or both"
_CONTENT = "an email's content comes from a template: use templateName and templateData"
_TEMPLATE = "use templateName"
_DATA = "use templateData"
_RECIPIENT = "use to, one address; further recipients are cc and bcc"
_FILES = "use attachments, objects with filename and contentBase64 or s3Uri"

_ADVICE = {
    _SENDER: "from fromAddress fromEmail fromEmailAddress fromName sender senderAddress senderEmail senderName",
    _CONTENT: "html htmlBody bodyHtml htmlContent htmlPart text textBody bodyText textContent textPart plainText "
    "body content mjml amp ampHtml",
    _TEMPLATE: "template templateId templateAlias templateKey templateUuid templateArn",
    _DATA: "templateModel templateVariables templateParams dynamicTemplateData mergeVars mergeVariables "
    "globalMergeVars substitutions substitutionData personalizations variables",
    _RECIPIENT: "recipient recipients recipientEmail toAddress toAddresses toEmail toRecipients destination "
    "destinations",
    "use cc": "ccAddress ccAddresses ccRecipients",
    "use bcc": "bccAddress bccAddresses bccRecipients",
    "use replyTo": "replyToAddress replyToAddresses replyToEmail",
    _FILES: "attachment files",
    "use sendAt": "scheduledAt scheduledFor sendTime deliveryTime deliverAt",
}
ADVICE_BY_NAME = {name.casefold(): advice for advice, names in _ADVICE.items() for name in names.split()}


def folded(name: str) -> str:
    """Return a name without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def advice_for(name: str) -> str | None:
    """Return what to use in place of another API's name; None where it is not one."""
    return ADVICE_BY_NAME.get(folded(name))
