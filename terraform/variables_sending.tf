# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------------------------------------------------

variable "allowed_sender_addresses" {
  description = "Sender addresses in addition to the domain of default_sender_email and the senders of the producers: addresses or patterns such as *@example.org."
  type        = list(string)
  default     = []
}

variable "unknown_fields" {
  description = "What happens to a request with unknown fields: warn sends it and lists them in the record; refuse fails it."
  type        = string
  default     = "warn"
}

variable "max_message_mb" {
  description = "Largest message in MB after encoding."
  type        = number
  default     = 10
}

variable "ses_api" {
  description = "SES's API that sends: v2 (SendEmail with raw content, messages of up to 40 MB, tenants), or v1 (SendRawEmail, up to 10 MB) for LocalStack, which has no v2."
  type        = string
  default     = "v2"
}

variable "max_request_kb" {
  description = "Largest request in KB with its event envelope; 4 KB of it are kept free for hops. Larger files go by s3Uri. More than 256 needs version 6.8.0 or later of the AWS provider."
  type        = number
  default     = 256
}

variable "max_schedule_days" {
  description = "Days that sendAt may be in the future; 0 turns scheduling off."
  type        = number
  default     = 30
}

variable "max_hold_hours" {
  description = "Hours that an email is held (its producer paused, a cap or the daily quota reached, sending switched off in SES) before it fails; 0 fails it at once. Waiting for the send rate may last up to a day, independent of this."
  type        = number
  default     = 24
}

# ---------------------------------------------------------------------------------------------------------------------
# Rate and quota
# ---------------------------------------------------------------------------------------------------------------------

variable "max_send_rate" {
  description = "Recipients per second of the whole account; null uses SES's answer (GetSendQuota)."
  type        = number
  default     = null
}

variable "rate_utilisation" {
  description = "Fraction of the rate that the engine uses; the rest is left to other senders in the account."
  type        = number
  default     = 0.95
}

variable "bulk_rate_share" {
  description = "Largest fraction of the engine's rate for bulk mail."
  type        = number
  default     = 0.8
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota kept for transactional mail; the quota alarm fires when less is left."
  type        = number
  default     = 0.1
}

# ---------------------------------------------------------------------------------------------------------------------
# Unknown outcomes and retries
# ---------------------------------------------------------------------------------------------------------------------

variable "claim_settle_seconds" {
  description = "Seconds that an email of unknown outcome waits for SES's Send event; null means 300, or twice the feedback queue's visibility and 60 s if that is more."
  type        = number
  default     = null
}

variable "on_unknown_outcome" {
  description = "What happens if no Send event settles an email of unknown outcome: resend may send it twice, fail may never send it; null means resend if the engine receives SES events, else fail."
  type        = string
  default     = null
}

variable "soft_bounce_retries" {
  description = "Retries after a soft bounce; 0 turns them off, and no request is kept."
  type        = number
  default     = 1
}

variable "soft_bounce_retry_delay_seconds" {
  description = "Seconds between a soft bounce and its retry."
  type        = number
  default     = 900
}
