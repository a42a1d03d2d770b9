# ---------------------------------------------------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------------------------------------------------

variable "allowed_sender_addresses" {
  description = "Sender addresses in addition to the domain of default_sender_email and the senders of the producers: addresses or patterns such as *@example.org."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.allowed_sender_addresses : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", address)) && !can(regex("[$][{]", address))])
    error_message = "allowed_sender_addresses must be addresses or patterns with an @, such as billing@example.org or *@example.org, without IAM's policy variables."
  }
}

variable "unknown_fields" {
  description = "What happens to a request with unknown fields: warn sends it and lists them in the record; refuse fails it."
  type        = string
  default     = "warn"

  validation {
    condition     = contains(["warn", "refuse"], var.unknown_fields)
    error_message = "unknown_fields must be warn or refuse."
  }
}

variable "max_message_mb" {
  description = "Largest message in MB after encoding."
  type        = number
  default     = 10

  validation {
    condition     = var.max_message_mb >= 0.1 && var.max_message_mb <= (var.ses_api == "v1" ? 10 : 40)
    error_message = "max_message_mb must be between 0.1 and 40, which SES's API v2 takes; with ses_api = \"v1\" at most 10."
  }
}

variable "ses_api" {
  description = "SES's API that sends: v2 (SendEmail with raw content, messages of up to 40 MB, tenants), or v1 (SendRawEmail, up to 10 MB) for LocalStack, which has no v2."
  type        = string
  default     = "v2"

  validation {
    condition     = contains(["v1", "v2"], var.ses_api)
    error_message = "ses_api must be v2, or v1."
  }
}

variable "max_request_kb" {
  description = "Largest request in KB with its event envelope; 4 KB of it are kept free for hops. Larger files go by s3Uri. More than 256 needs version 6.8.0 or later of the AWS provider."
  type        = number
  default     = 256

  validation {
    condition     = var.max_request_kb >= 64 && var.max_request_kb <= 1024 && floor(var.max_request_kb) == var.max_request_kb
    error_message = "max_request_kb must be a whole number between 64 and 1024 (SQS's largest message)."
  }
}

variable "max_schedule_days" {
  description = "Days that sendAt may be in the future; 0 turns scheduling off."
  type        = number
  default     = 30

  validation {
    condition     = var.max_schedule_days >= 0 && var.max_schedule_days <= 365 && floor(var.max_schedule_days) == var.max_schedule_days
    error_message = "max_schedule_days must be a whole number of days between 0 and 365."
  }
}

variable "max_hold_hours" {
  description = "Hours that an email is held (its producer paused, a cap or the daily quota reached, sending switched off in SES) before it fails; 0 fails it at once. Waiting for the send rate may last up to a day, independent of this."
  type        = number
  default     = 24

  validation {
    condition     = var.max_hold_hours >= 0 && var.max_hold_hours <= 336
    error_message = "max_hold_hours must be between 0 and 336 (14 days). Fractions are allowed."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Rate and quota
# ---------------------------------------------------------------------------------------------------------------------

variable "max_send_rate" {
  description = "Recipients per second of the whole account; null uses SES's answer (GetSendQuota)."
  type        = number
  default     = null

  validation {
    condition     = var.max_send_rate == null ? true : var.max_send_rate >= 0.1 && var.max_send_rate <= 100000
    error_message = "max_send_rate must be between 0.1 and 100000 recipients per second, or null for SES's own."
  }
}

variable "rate_utilisation" {
  description = "Fraction of the rate that the engine uses; the rest is left to other senders in the account."
  type        = number
  default     = 0.95

  validation {
    condition     = var.rate_utilisation >= 0.05 && var.rate_utilisation <= 1
    error_message = "rate_utilisation is a fraction between 0.05 and 1: 0.95 uses 95 % of the rate."
  }
}

variable "bulk_rate_share" {
  description = "Largest fraction of the engine's rate for bulk mail."
  type        = number
  default     = 0.8

  validation {
    condition     = var.bulk_rate_share >= 0.05 && var.bulk_rate_share <= 1
    error_message = "bulk_rate_share is a fraction between 0.05 and 1: 0.8 leaves 20 % of the rate to transactional mail."
  }
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota kept for transactional mail; the quota alarm fires when less is left."
  type        = number
  default     = 0.1

  validation {
    condition     = var.daily_quota_reserve >= 0 && var.daily_quota_reserve <= 0.9
    error_message = "daily_quota_reserve is a fraction between 0 and 0.9: 0.1 keeps 10 % of the quota."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Unknown outcomes and retries
# ---------------------------------------------------------------------------------------------------------------------

variable "claim_settle_seconds" {
  description = "Seconds that an email of unknown outcome waits for SES's Send event; null means 300, or twice the feedback queue's visibility and 60 s if that is more."
  type        = number
  default     = null

  validation {
    # An event of a batch that was killed is received again after the visibility, and its note is made then.
    condition     = var.claim_settle_seconds == null ? true : var.claim_settle_seconds >= 2 * (6 * var.feedback_processor_timeout + 5) + 60 && var.claim_settle_seconds <= 86400
    error_message = "claim_settle_seconds must be at least 2 x (6 x feedback_processor_timeout + 5) + 60, and at most 86400: raise it, lower feedback_processor_timeout, or leave it null."
  }
}

variable "on_unknown_outcome" {
  description = "What happens if no Send event settles an email of unknown outcome: resend may send it twice, fail may never send it; null means resend if the engine receives SES events, else fail."
  type        = string
  default     = null

  validation {
    condition     = var.on_unknown_outcome == null ? true : contains(["resend", "fail"], var.on_unknown_outcome)
    error_message = "on_unknown_outcome must be resend or fail, or null."
  }
}

variable "soft_bounce_retries" {
  description = "Retries after a soft bounce; 0 turns them off, and no request is kept."
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
    error_message = "soft_bounce_retry_delay_seconds must be between 0 and 43200 (12 hours): requests are kept for a day."
  }
}
