// Generated from docs/schemas by `make docs`: do not edit.

import type { Document } from '../schemaCheck.js';

export const requestSchema: Document = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Email Request",
  "description": "The detail of an event that a producer publishes.",
  "$ref": "#/$defs/EmailRequest",
  "$defs": {
    "EmailRequest": {
      "title": "EmailRequest",
      "description": "One email that a producer asks for.",
      "type": "object",
      "properties": {
        "to": {
          "description": "An email address (RFC 5321)",
          "type": "string",
          "maxLength": 320,
          "minLength": 3
        },
        "templateName": {
          "description": "A folder under templates/ in the bucket",
          "type": "string",
          "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$(?!\\n)"
        },
        "templateData": {
          "anyOf": [
            {
              "description": "Handed to the template",
              "type": "object"
            },
            {
              "type": "null"
            }
          ],
          "default": {}
        },
        "emailId": {
          "anyOf": [
            {
              "description": "Makes a repeated request one email",
              "type": "string",
              "pattern": "^[A-Za-z0-9_.:-]{1,128}$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "subject": {
          "anyOf": [
            {
              "description": "Overrides the template's subject",
              "type": "string",
              "maxLength": 998,
              "minLength": 1,
              "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "senderOverride": {
          "anyOf": [
            {
              "$ref": "#/$defs/Sender"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "replyTo": {
          "anyOf": [
            {
              "description": "An email address (RFC 5321)",
              "type": "string",
              "maxLength": 320,
              "minLength": 3
            },
            {
              "type": "array",
              "items": {
                "description": "An email address (RFC 5321)",
                "type": "string",
                "maxLength": 320,
                "minLength": 3
              },
              "maxItems": 25
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "metadata": {
          "anyOf": [
            {
              "description": "Stored, and echoed in every status event; 16 KB",
              "type": "object"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "cc": {
          "anyOf": [
            {
              "type": "array",
              "items": {
                "description": "An email address (RFC 5321)",
                "type": "string",
                "maxLength": 320,
                "minLength": 3
              },
              "maxItems": 49
            },
            {
              "type": "null"
            }
          ],
          "default": []
        },
        "bcc": {
          "anyOf": [
            {
              "type": "array",
              "items": {
                "description": "An email address (RFC 5321)",
                "type": "string",
                "maxLength": 320,
                "minLength": 3
              },
              "maxItems": 49
            },
            {
              "type": "null"
            }
          ],
          "default": []
        },
        "attachments": {
          "anyOf": [
            {
              "type": "array",
              "items": {
                "$ref": "#/$defs/Attachment"
              },
              "maxItems": 100
            },
            {
              "type": "null"
            }
          ],
          "default": []
        },
        "headers": {
          "anyOf": [
            {
              "type": "object",
              "additionalProperties": {
                "type": "string",
                "maxLength": 998,
                "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$(?!\\n)"
              },
              "maxProperties": 50
            },
            {
              "type": "null"
            }
          ],
          "default": {}
        },
        "listUnsubscribe": {
          "anyOf": [
            {
              "description": "true: a link of the engine's own page, for bulk mail without cc and bcc",
              "type": "boolean"
            },
            {
              "$ref": "#/$defs/ListUnsubscribe"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "priority": {
          "anyOf": [
            {
              "$ref": "#/$defs/Priority"
            },
            {
              "type": "null"
            }
          ],
          "default": "transactional"
        },
        "sendAt": {
          "anyOf": [
            {
              "description": "RFC 3339, such as 2026-11-24T10:31:00Z",
              "type": "string",
              "maxLength": 40,
              "minLength": 20,
              "format": "date-time"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "expiresAt": {
          "anyOf": [
            {
              "description": "RFC 3339, such as 2026-11-24T10:31:00Z",
              "type": "string",
              "maxLength": 40,
              "minLength": 20,
              "format": "date-time"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "locale": {
          "anyOf": [
            {
              "description": "BCP 47",
              "type": "string",
              "maxLength": 35,
              "pattern": "^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8})*$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "sensitive": {
          "anyOf": [
            {
              "type": "boolean"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "tags": {
          "anyOf": [
            {
              "description": "Stored, and echoed in status events",
              "type": "array",
              "items": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{1,64}$(?!\\n)"
              },
              "maxItems": 5
            },
            {
              "type": "null"
            }
          ],
          "default": []
        },
        "topic": {
          "anyOf": [
            {
              "description": "What kind of mail it is; default: templateName",
              "type": "string",
              "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        }
      },
      "required": [
        "to",
        "templateName"
      ],
      "if": {
        "required": [
          "listUnsubscribe"
        ],
        "properties": {
          "listUnsubscribe": {
            "const": true
          }
        }
      },
      "then": {
        "properties": {
          "cc": {
            "anyOf": [
              {
                "type": "array",
                "maxItems": 0
              },
              {
                "type": "null"
              }
            ]
          },
          "bcc": {
            "anyOf": [
              {
                "type": "array",
                "maxItems": 0
              },
              {
                "type": "null"
              }
            ]
          }
        }
      },
      "x-use-instead": {
        "from": "use senderOverride, an object with email, name or both",
        "fromaddress": "use senderOverride, an object with email, name or both",
        "fromemail": "use senderOverride, an object with email, name or both",
        "fromemailaddress": "use senderOverride, an object with email, name or both",
        "fromname": "use senderOverride, an object with email, name or both",
        "sender": "use senderOverride, an object with email, name or both",
        "senderaddress": "use senderOverride, an object with email, name or both",
        "senderemail": "use senderOverride, an object with email, name or both",
        "sendername": "use senderOverride, an object with email, name or both",
        "html": "an email's content comes from a template: use templateName and templateData",
        "htmlbody": "an email's content comes from a template: use templateName and templateData",
        "bodyhtml": "an email's content comes from a template: use templateName and templateData",
        "htmlcontent": "an email's content comes from a template: use templateName and templateData",
        "htmlpart": "an email's content comes from a template: use templateName and templateData",
        "text": "an email's content comes from a template: use templateName and templateData",
        "textbody": "an email's content comes from a template: use templateName and templateData",
        "bodytext": "an email's content comes from a template: use templateName and templateData",
        "textcontent": "an email's content comes from a template: use templateName and templateData",
        "textpart": "an email's content comes from a template: use templateName and templateData",
        "plaintext": "an email's content comes from a template: use templateName and templateData",
        "body": "an email's content comes from a template: use templateName and templateData",
        "content": "an email's content comes from a template: use templateName and templateData",
        "mjml": "an email's content comes from a template: use templateName and templateData",
        "amp": "an email's content comes from a template: use templateName and templateData",
        "amphtml": "an email's content comes from a template: use templateName and templateData",
        "template": "use templateName",
        "templateid": "use templateName",
        "templatealias": "use templateName",
        "templatekey": "use templateName",
        "templateuuid": "use templateName",
        "templatearn": "use templateName",
        "templatemodel": "use templateData",
        "templatevariables": "use templateData",
        "templateparams": "use templateData",
        "dynamictemplatedata": "use templateData",
        "mergevars": "use templateData",
        "mergevariables": "use templateData",
        "globalmergevars": "use templateData",
        "substitutions": "use templateData",
        "substitutiondata": "use templateData",
        "personalizations": "use templateData",
        "variables": "use templateData",
        "recipient": "use to, one address; further recipients are cc and bcc",
        "recipients": "use to, one address; further recipients are cc and bcc",
        "recipientemail": "use to, one address; further recipients are cc and bcc",
        "toaddress": "use to, one address; further recipients are cc and bcc",
        "toaddresses": "use to, one address; further recipients are cc and bcc",
        "toemail": "use to, one address; further recipients are cc and bcc",
        "torecipients": "use to, one address; further recipients are cc and bcc",
        "destination": "use to, one address; further recipients are cc and bcc",
        "destinations": "use to, one address; further recipients are cc and bcc",
        "ccaddress": "use cc",
        "ccaddresses": "use cc",
        "ccrecipients": "use cc",
        "bccaddress": "use bcc",
        "bccaddresses": "use bcc",
        "bccrecipients": "use bcc",
        "replytoaddress": "use replyTo",
        "replytoaddresses": "use replyTo",
        "replytoemail": "use replyTo",
        "attachment": "use attachments, objects with filename and contentBase64 or s3Uri",
        "files": "use attachments, objects with filename and contentBase64 or s3Uri",
        "scheduledat": "use sendAt",
        "scheduledfor": "use sendAt",
        "sendtime": "use sendAt",
        "deliverytime": "use sendAt",
        "deliverat": "use sendAt"
      }
    },
    "Sender": {
      "title": "Sender",
      "description": "Who the email is from, in place of the template's and the default sender; at least one of the two.",
      "type": "object",
      "properties": {
        "email": {
          "anyOf": [
            {
              "description": "An email address (RFC 5321)",
              "type": "string",
              "maxLength": 320,
              "minLength": 3
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "name": {
          "anyOf": [
            {
              "type": "string",
              "maxLength": 320,
              "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]*$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        }
      },
      "required": [],
      "additionalProperties": false
    },
    "Attachment": {
      "title": "Attachment",
      "description": "A file to go with the email: base64 content, or an S3 object under a prefix that the producer was given.",
      "type": "object",
      "properties": {
        "filename": {
          "type": "string",
          "maxLength": 255,
          "minLength": 1,
          "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069/\\\\]+$(?!\\n)"
        },
        "contentType": {
          "anyOf": [
            {
              "type": "string",
              "maxLength": 255,
              "pattern": "^[A-Za-z0-9_.+-]+/[A-Za-z0-9_.+-]+(?: *; *[A-Za-z0-9!#$%&'*+.^_`|~-]+=(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+|\"[ !#-\\[\\]-~]*\"))*$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "contentBase64": {
          "anyOf": [
            {
              "type": "string"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "s3Uri": {
          "anyOf": [
            {
              "type": "string",
              "maxLength": 1100,
              "pattern": "^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "contentId": {
          "anyOf": [
            {
              "type": "string",
              "maxLength": 128,
              "pattern": "^[A-Za-z0-9._@-]+$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        }
      },
      "required": [
        "filename"
      ],
      "additionalProperties": false
    },
    "ListUnsubscribe": {
      "title": "ListUnsubscribe",
      "description": "Where a recipient unsubscribes; an https url also offers one click (RFC 8058). At least one of the two.",
      "type": "object",
      "properties": {
        "url": {
          "anyOf": [
            {
              "type": "string",
              "maxLength": 900,
              "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[!-;=?-~]+$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "mailto": {
          "anyOf": [
            {
              "type": "string",
              "maxLength": 900,
              "pattern": "^([Mm][Aa][Ii][Ll][Tt][Oo]:)?(?![Mm][Aa][Ii][Ll][Tt][Oo]:)[!-;=?-~]+$(?!\\n)"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        }
      },
      "required": [],
      "additionalProperties": false
    },
    "Priority": {
      "title": "Priority",
      "enum": [
        "bulk",
        "transactional"
      ]
    }
  }
};

export const eventSchema: Document = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Email Status Changed",
  "description": "The detail of an event that a subscriber receives.",
  "$ref": "#/$defs/StatusEvent",
  "$defs": {
    "StatusEvent": {
      "title": "StatusEvent",
      "description": "What subscribers receive as `detail`; a republished event has the same `event_id`.",
      "type": "object",
      "properties": {
        "emailId": {
          "type": "string"
        },
        "recordId": {
          "type": "string"
        },
        "status": {
          "type": "string",
          "enum": [
            "deferred",
            "sent",
            "delayed",
            "failed",
            "soft_bounced",
            "delivered",
            "opened",
            "clicked",
            "bounced",
            "complained"
          ]
        },
        "toEmail": {
          "type": "string"
        },
        "recipientType": {
          "type": "string",
          "enum": [
            "cc",
            "bcc"
          ]
        },
        "timestamp": {
          "type": "string",
          "format": "date-time"
        },
        "originalSource": {
          "type": "string"
        },
        "templateName": {
          "type": "string"
        },
        "subject": {
          "type": "string"
        },
        "sesMessageId": {
          "type": "string"
        },
        "metadata": {
          "type": "object"
        },
        "tags": {
          "type": "array",
          "items": {
            "type": "string"
          }
        },
        "topic": {
          "type": "string"
        },
        "attempt": {
          "type": "integer"
        },
        "eventId": {
          "type": "string"
        },
        "previousStatus": {
          "type": "string"
        },
        "bounceType": {
          "type": "string",
          "x-statuses": [
            "soft_bounced",
            "bounced"
          ]
        },
        "bounceSubType": {
          "type": "string",
          "x-statuses": [
            "soft_bounced",
            "bounced"
          ]
        },
        "bounceReason": {
          "type": "string",
          "x-statuses": [
            "soft_bounced",
            "bounced"
          ]
        },
        "diagnosticCode": {
          "type": "string",
          "x-statuses": [
            "delayed",
            "soft_bounced",
            "bounced"
          ]
        },
        "bounceClass": {
          "type": "string",
          "enum": [
            "hard",
            "message_fault",
            "not_attempted",
            "sender_fault",
            "soft"
          ],
          "x-statuses": [
            "soft_bounced",
            "bounced"
          ]
        },
        "complaintFeedbackType": {
          "type": "string",
          "x-statuses": [
            "complained"
          ]
        },
        "errorType": {
          "type": "string",
          "x-statuses": [
            "failed"
          ]
        },
        "errorMessage": {
          "type": "string",
          "x-statuses": [
            "failed"
          ]
        },
        "reason": {
          "type": "string",
          "x-statuses": [
            "deferred",
            "delayed"
          ]
        },
        "until": {
          "type": "string",
          "format": "date-time",
          "x-statuses": [
            "deferred",
            "delayed"
          ]
        },
        "link": {
          "type": "string",
          "x-statuses": [
            "clicked"
          ]
        },
        "machine": {
          "type": "boolean",
          "x-statuses": [
            "opened",
            "clicked"
          ]
        },
        "unknownFields": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "x-statuses": [
            "sent"
          ]
        },
        "conflictsWith": {
          "type": "string",
          "x-statuses": [
            "failed"
          ]
        },
        "sink": {
          "type": "boolean"
        },
        "redirectedTo": {
          "type": "string"
        }
      },
      "required": [
        "emailId",
        "recordId",
        "status",
        "timestamp",
        "attempt",
        "eventId"
      ],
      "allOf": [
        {
          "if": {
            "properties": {
              "status": {
                "const": "deferred"
              }
            }
          },
          "then": {
            "required": [
              "reason",
              "until"
            ]
          }
        },
        {
          "if": {
            "properties": {
              "status": {
                "const": "failed"
              }
            }
          },
          "then": {
            "required": [
              "errorType",
              "errorMessage"
            ]
          }
        },
        {
          "if": {
            "properties": {
              "status": {
                "const": "opened"
              }
            }
          },
          "then": {
            "required": [
              "machine"
            ]
          }
        },
        {
          "if": {
            "properties": {
              "status": {
                "const": "clicked"
              }
            }
          },
          "then": {
            "required": [
              "machine"
            ]
          }
        }
      ]
    }
  }
};

export const unsubscribeSchema: Document = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Email Unsubscribe Requested",
  "description": "The detail of an event by which a producer says that a recipient left on a page of its own.",
  "$ref": "#/$defs/UnsubscribeDetail",
  "$defs": {
    "UnsubscribeDetail": {
      "title": "UnsubscribeDetail",
      "description": "An email to the recipient alone, or the address, with or without a topic.",
      "type": "object",
      "properties": {
        "emailId": {
          "anyOf": [
            {
              "description": "An email to the recipient; it names the topic too",
              "type": "string",
              "pattern": "^[A-Za-z0-9_.:-]{1,128}$(?!\\n)"
            },
            {
              "type": "null"
            }
          ]
        },
        "email": {
          "anyOf": [
            {
              "description": "An email address (RFC 5321)",
              "type": "string",
              "maxLength": 320,
              "minLength": 3
            },
            {
              "type": "null"
            }
          ]
        },
        "topic": {
          "anyOf": [
            {
              "description": "What the recipient leaves; absent: all your bulk mail",
              "type": "string",
              "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$(?!\\n)"
            },
            {
              "type": "null"
            }
          ]
        }
      },
      "required": [],
      "additionalProperties": false,
      "oneOf": [
        {
          "required": [
            "emailId"
          ],
          "properties": {
            "emailId": {
              "type": "string"
            },
            "email": {
              "type": "null"
            },
            "topic": {
              "type": "null"
            }
          }
        },
        {
          "required": [
            "email"
          ],
          "properties": {
            "email": {
              "type": "string"
            },
            "emailId": {
              "type": "null"
            }
          }
        }
      ]
    }
  }
};
