# ---------------------------------------------------------------------------------------------------------------------
# Senders and requests
# ---------------------------------------------------------------------------------------------------------------------

variable "default_sender_name" {
  description = "Sender name of an email if neither its request nor its template sets one."
  type        = string
  default     = "SESMailEngine"

  validation {
    condition     = can(regex("^[^[:cntrl:]]{0,64}$", var.default_sender_name))
    error_message = "default_sender_name must be at most 64 characters without line breaks, because it becomes part of the From header."
  }
}

variable "allowed_sender_addresses" {
  description = "Sender addresses that the engine may use in addition to the domain of default_sender_email and the senders of producers: addresses, or patterns such as *@example.org."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.allowed_sender_addresses : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", address)) && !can(regex("[$][{]", address))])
    error_message = "allowed_sender_addresses must be addresses or patterns with an @, such as billing@example.org or *@example.org. IAM policy variables are not allowed."
  }
}

variable "unknown_fields" {
  description = "What happens to a request with an unknown field. warn: the email is sent, and its record lists the field. refuse: the request is rejected. A field that looks like a typo of a known one is always rejected."
  type        = string
  default     = "warn"

  validation {
    condition     = contains(["warn", "refuse"], var.unknown_fields)
    error_message = "unknown_fields must be warn or refuse."
  }
}

variable "max_message_mb" {
  description = "Largest email in MB, attachments included, after encoding. email_sender_memory must be large enough for it."
  type        = number
  default     = 10

  validation {
    condition     = var.max_message_mb >= 0.1 && var.max_message_mb <= (var.ses_api == "v1" ? 10 : 40)
    error_message = "max_message_mb must be a number from 0.1 to 40, or to 10 with ses_api = \"v1\" (the limits of SES)."
  }
}

variable "ses_api" {
  description = "SES API that sends. v2 (SendEmail) takes messages of up to 40 MB, and tenants. v1 (SendRawEmail, up to 10 MB) is for LocalStack, which has no v2."
  type        = string
  default     = "v2"

  validation {
    condition     = contains(["v1", "v2"], var.ses_api)
    error_message = "ses_api must be v2 or v1."
  }
}

variable "max_request_kb" {
  description = "Largest request in KB, event envelope included. The engine keeps 4 KB of it free for the hops of a waiting email. Send larger files by s3Uri. More than 256 needs version 6.8.0 or later of the AWS provider."
  type        = number
  default     = 256

  validation {
    condition     = var.max_request_kb >= 64 && var.max_request_kb <= 1024 && floor(var.max_request_kb) == var.max_request_kb
    error_message = "max_request_kb must be a whole number from 64 to 1024 (the limit of SQS)."
  }
}

variable "max_schedule_days" {
  description = "Number of days that sendAt may be in the future; 0 turns scheduling off."
  type        = number
  default     = 30

  validation {
    condition     = var.max_schedule_days >= 0 && var.max_schedule_days <= 365 && floor(var.max_schedule_days) == var.max_schedule_days
    error_message = "max_schedule_days must be a whole number of days from 0 to 365."
  }
}

variable "max_hold_hours" {
  description = "Hours that the engine holds an email before it fails: while its producer is paused, a cap or the daily quota is reached, or sending is switched off in SES. 0 fails it at once. Fractions are allowed. Waiting for the send rate is independent of this and may last a day."
  type        = number
  default     = 24

  validation {
    condition     = var.max_hold_hours >= 0 && var.max_hold_hours <= 336
    error_message = "max_hold_hours must be a number of hours from 0 to 336 (14 days)."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Send rate and quota
# ---------------------------------------------------------------------------------------------------------------------

variable "max_send_rate" {
  description = "Send rate of the whole account in recipients per second; null uses the rate that SES grants (GetSendQuota). Lower it if something else in the account sends too."
  type        = number
  default     = null

  validation {
    condition     = var.max_send_rate == null ? true : var.max_send_rate >= 0.1 && var.max_send_rate <= 100000
    error_message = "max_send_rate must be a number of recipients per second from 0.1 to 100000, or null for the rate that SES grants."
  }
}

variable "rate_utilisation" {
  description = "Fraction of the send rate that the engine uses. The default leaves 5 % to other senders in the account."
  type        = number
  default     = 0.95

  validation {
    condition     = var.rate_utilisation >= 0.05 && var.rate_utilisation <= 1
    error_message = "rate_utilisation must be a fraction from 0.05 to 1: 0.95 uses 95 % of the rate."
  }
}

variable "bulk_rate_share" {
  description = "Largest fraction of the engine's send rate that bulk emails may use. The rest stays free for transactional emails."
  type        = number
  default     = 0.8

  validation {
    condition     = var.bulk_rate_share >= 0.05 && var.bulk_rate_share <= 1
    error_message = "bulk_rate_share must be a fraction from 0.05 to 1: 0.8 leaves 20 % of the rate to transactional emails."
  }
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota that is kept for transactional emails. When less is left, bulk emails are held and the quota alarm fires."
  type        = number
  default     = 0.1

  validation {
    condition     = var.daily_quota_reserve >= 0 && var.daily_quota_reserve <= 0.9
    error_message = "daily_quota_reserve must be a fraction from 0 to 0.9: 0.1 keeps 10 % of the quota."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Unknown outcomes and retries
# ---------------------------------------------------------------------------------------------------------------------

variable "claim_settle_seconds" {
  description = "Seconds that an email of unknown outcome waits for SES's Send event, which proves that SES accepted it. null means 300, or twice the visibility timeout of the feedback queue plus 60 if that is more."
  type        = number
  default     = null

  validation {
    # An event of a batch that was killed is received again after the visibility, and its note is made then.
    condition     = var.claim_settle_seconds == null ? true : var.claim_settle_seconds >= 2 * (6 * var.feedback_processor_timeout + 5) + 60 && var.claim_settle_seconds <= 86400
    error_message = "claim_settle_seconds must be a number of seconds from 2 x (6 x feedback_processor_timeout + 5) + 60 to 86400, or null. Raise it, lower feedback_processor_timeout, or set null."
  }
}

variable "on_unknown_outcome" {
  description = "What happens to an email of unknown outcome if no Send event arrives. resend: it is sent again, so it may arrive twice. fail: it fails, so it may never arrive. null means resend if the engine receives SES events, and fail if it does not."
  type        = string
  default     = null

  validation {
    condition     = var.on_unknown_outcome == null ? true : contains(["resend", "fail"], var.on_unknown_outcome)
    error_message = "on_unknown_outcome must be resend, fail or null."
  }
}

variable "soft_bounce_retries" {
  description = "Number of retries after a soft bounce; with 0 the engine also keeps no request."
  type        = number
  default     = 1

  validation {
    condition     = var.soft_bounce_retries >= 0 && var.soft_bounce_retries <= 3 && floor(var.soft_bounce_retries) == var.soft_bounce_retries
    error_message = "soft_bounce_retries must be 0, 1, 2 or 3."
  }
}

variable "soft_bounce_retry_delay_seconds" {
  description = "Seconds between a soft bounce and its retry."
  type        = number
  default     = 900

  validation {
    condition     = var.soft_bounce_retry_delay_seconds >= 0 && var.soft_bounce_retry_delay_seconds <= 43200
    error_message = "soft_bounce_retry_delay_seconds must be a number of seconds from 0 to 43200 (12 hours): the engine keeps a request for a day."
  }
}
