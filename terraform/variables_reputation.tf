# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Suppression
# ---------------------------------------------------------------------------------------------------------------------

variable "consecutive_soft_bounce_threshold" {
  description = "Soft bounces in a row that suppress an address."
  type        = number
  default     = 3
}

variable "not_spam_lifts_suppression" {
  description = "Let a not-spam report lift a suppression that came from a complaint."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------------------------------------------------------------
# Alarms
# ---------------------------------------------------------------------------------------------------------------------

variable "alarm_actions" {
  description = "What every alarm calls besides its topic, at most four ARNs: SNS topics of this region (chat, paging), Lambda functions, OpsItems, or response plans of Incident Manager. Topics are called again when the alarm ends."
  type        = list(string)
  default     = []
}

variable "bounce_rate_alarm_threshold" {
  description = "Bounce rate of the account above which an alarm warns, as a fraction."
  type        = number
  default     = 0.03
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account above which an alarm warns, as a fraction."
  type        = number
  default     = 0.0005
}

variable "reputation_alarm_period" {
  description = "Seconds that a reputation alarm averages over; two such periods warn."
  type        = number
  default     = 3600
}

# ---------------------------------------------------------------------------------------------------------------------
# Breaker
# ---------------------------------------------------------------------------------------------------------------------

variable "breaker_mode" {
  description = "pause: a high bounce or complaint rate pauses the producer, or the account. alarm: only an alarm fires."
  type        = string
  default     = "pause"
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of a producer or the account above which its sending is paused, as a fraction."
  type        = number
  default     = 0.05
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of a producer or the account above which its sending is paused, as a fraction."
  type        = number
  default     = 0.001
}

variable "breaker_min_emails" {
  description = "Emails in the window before a rate counts."
  type        = number
  default     = 100
}

variable "breaker_min_bounces" {
  description = "Hard bounces in the window before the bounce rate counts."
  type        = number
  default     = 10
}

variable "breaker_min_complaints" {
  description = "Complaints in the window before the complaint rate counts."
  type        = number
  default     = 5
}

variable "breaker_cooldown_minutes" {
  description = "Minutes between a trip and the first probes. Fractions are allowed."
  type        = number
  default     = 60
}
