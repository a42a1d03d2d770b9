# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Senders and requests
# ---------------------------------------------------------------------------------------------------------------------

variable "default_sender_name" {
  description = "Sender name of an email if neither its request nor its template sets one."
  type        = string
  default     = "SESMailEngine"
}

variable "allowed_sender_addresses" {
  description = "Sender addresses that the engine may use in addition to the domain of default_sender_email and the senders of producers: addresses, or patterns such as *@example.org."
  type        = list(string)
  default     = []
}

variable "unknown_fields" {
  description = "What happens to a request with an unknown field. warn: the email is sent, and its record lists the field. refuse: the request is rejected. A field that looks like a typo of a known one is always rejected."
  type        = string
  default     = "warn"
}

variable "max_message_mb" {
  description = "Largest email in MB, attachments included, after encoding. email_sender_memory must be large enough for it."
  type        = number
  default     = 10
}

variable "ses_api" {
  description = "SES API that sends. v2 (SendEmail) takes messages of up to 40 MB, and tenants. v1 (SendRawEmail, up to 10 MB) is for LocalStack, which has no v2."
  type        = string
  default     = "v2"
}

variable "max_request_kb" {
  description = "Largest request in KB, event envelope included. The engine keeps 4 KB of it free for the hops of a waiting email. Send larger files by s3Uri. More than 256 needs version 6.8.0 or later of the AWS provider."
  type        = number
  default     = 256
}

variable "max_schedule_days" {
  description = "Number of days that sendAt may be in the future; 0 turns scheduling off."
  type        = number
  default     = 30
}

variable "max_hold_hours" {
  description = "Hours that the engine holds an email before it fails: while its producer is paused, a cap or the daily quota is reached, or sending is switched off in SES. 0 fails it at once. Fractions are allowed. Waiting for the send rate is independent of this and may last a day."
  type        = number
  default     = 24
}

# ---------------------------------------------------------------------------------------------------------------------
# Send rate and quota
# ---------------------------------------------------------------------------------------------------------------------

variable "max_send_rate" {
  description = "Send rate of the whole account in recipients per second; null uses the rate that SES grants (GetSendQuota). Lower it if something else in the account sends too."
  type        = number
  default     = null
}

variable "rate_utilisation" {
  description = "Fraction of the send rate that the engine uses. The default leaves 5 % to other senders in the account."
  type        = number
  default     = 0.95
}

variable "bulk_rate_share" {
  description = "Largest fraction of the engine's send rate that bulk emails may use. The rest stays free for transactional emails."
  type        = number
  default     = 0.8
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota that is kept for transactional emails. When less is left, bulk emails are held and the quota alarm fires."
  type        = number
  default     = 0.1
}

# ---------------------------------------------------------------------------------------------------------------------
# Unknown outcomes and retries
# ---------------------------------------------------------------------------------------------------------------------

variable "claim_settle_seconds" {
  description = "Seconds that an email of unknown outcome waits for SES's Send event, which proves that SES accepted it. null means 300, or twice the visibility timeout of the feedback queue plus 60 if that is more."
  type        = number
  default     = null
}

variable "on_unknown_outcome" {
  description = "What happens to an email of unknown outcome if no Send event arrives. resend: it is sent again, so it may arrive twice. fail: it fails, so it may never arrive. null means resend if the engine receives SES events, and fail if it does not."
  type        = string
  default     = null
}

variable "soft_bounce_retries" {
  description = "Number of retries after a soft bounce; with 0 the engine also keeps no request."
  type        = number
  default     = 1
}

variable "soft_bounce_retry_delay_seconds" {
  description = "Seconds between a soft bounce and its retry."
  type        = number
  default     = 900
}
