# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------------------------------------------------

variable "allowed_sender_addresses" {
  description = "Sender addresses beside the domain of default_sender_email and the senders of the producers: addresses or patterns such as *@example.org."
  type        = list(string)
  default     = []
}

variable "unknown_fields" {
  description = "What happens to a request with fields that the engine does not know: warn sends it and names them, refuse fails it."
  type        = string
  default     = "warn"
}

variable "max_message_mb" {
  description = "Largest message in MB after encoding."
  type        = number
  default     = 10
}

variable "max_schedule_days" {
  description = "Days that sendAt may lie ahead; 0 allows no scheduling."
  type        = number
  default     = 30
}

variable "max_hold_hours" {
  description = "Hours that an email is held (its producer paused, a cap or the daily quota reached, sending switched off in SES) before it fails; 0 fails it at once. Waiting for the send rate may last a day, whatever this says."
  type        = number
  default     = 24
}

# ---------------------------------------------------------------------------------------------------------------------
# Rate and quota
# ---------------------------------------------------------------------------------------------------------------------

variable "max_send_rate" {
  description = "Recipients per second of the whole account; null asks SES (GetSendQuota)."
  type        = number
  default     = null
}

variable "rate_utilisation" {
  description = "Fraction of the rate that the engine uses, so that others in the account keep some."
  type        = number
  default     = 0.95
}

variable "bulk_rate_share" {
  description = "Largest fraction of the engine's rate for bulk mail."
  type        = number
  default     = 0.8
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota kept for transactional mail; also where the quota alarm rises."
  type        = number
  default     = 0.1
}

# ---------------------------------------------------------------------------------------------------------------------
# Unknown outcomes and retries
# ---------------------------------------------------------------------------------------------------------------------

variable "claim_settle_seconds" {
  description = "Seconds that an email of unknown outcome waits for SES's Send event."
  type        = number
  default     = 300
}

variable "on_unknown_outcome" {
  description = "What follows when no Send event settles an email of unknown outcome: resend may send twice, fail may send never; null is resend where SES events arrive, else fail."
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
