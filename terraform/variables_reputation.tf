# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Suppression
# ---------------------------------------------------------------------------------------------------------------------

variable "consecutive_soft_bounce_threshold" {
  description = "Number of consecutive soft bounces after which the engine suppresses an address."
  type        = number
  default     = 3
}

variable "not_spam_lifts_suppression" {
  description = "Lift a suppression that came from a complaint when a not-spam report about the address arrives."
  type        = bool
  default     = false
}

# ---------------------------------------------------------------------------------------------------------------------
# Breaker
# ---------------------------------------------------------------------------------------------------------------------

variable "breaker_mode" {
  description = "pause: a bounce or complaint rate above its threshold pauses the producer, or the account. alarm: the breaker pauses nothing, and only an alarm fires."
  type        = string
  default     = "pause"
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of a producer or of the account above which the breaker pauses sending, as a fraction. SES reviews accounts at the default, 5 %."
  type        = number
  default     = 0.05
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of a producer or of the account above which the breaker pauses sending, as a fraction. SES reviews accounts at the default, 0.1 %."
  type        = number
  default     = 0.001
}

variable "breaker_min_emails" {
  description = "Number of emails in the window (one hour, or 24 hours) from which a rate counts. A lower one lets a few bad emails pause a producer."
  type        = number
  default     = 100
}

variable "breaker_min_bounces" {
  description = "Number of hard bounces in the window from which the bounce rate counts."
  type        = number
  default     = 10
}

variable "breaker_min_complaints" {
  description = "Number of complaints in the window from which the complaint rate counts."
  type        = number
  default     = 5
}

variable "breaker_cooldown_minutes" {
  description = "Minutes between a pause for bounces and the first emails that are sent as probes. Fractions are allowed. A pause for complaints ends only with `sesmail resume`."
  type        = number
  default     = 60
}

# ---------------------------------------------------------------------------------------------------------------------
# Alarms
# ---------------------------------------------------------------------------------------------------------------------

variable "alarm_actions" {
  description = "ARNs that every alarm calls in addition to the engine's alarm topic: SNS topics in this region (for chat or paging), Lambda functions, OpsItems, or response plans of Incident Manager. SNS topics are called again when the alarm ends."
  type        = list(string)
  default     = []
}

variable "bounce_rate_alarm_threshold" {
  description = "Bounce rate of the account above which an alarm warns, as a fraction. The default, 3 %, warns before SES reviews the account at 5 %."
  type        = number
  default     = 0.03
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account above which an alarm warns, as a fraction. The default, 0.05 %, warns before SES reviews the account at 0.1 %."
  type        = number
  default     = 0.0005
}

variable "reputation_alarm_period" {
  description = "Seconds over which a reputation alarm averages. The alarm fires after two such periods."
  type        = number
  default     = 3600
}

variable "lambda_error_alarm_threshold" {
  description = "Number of failed invocations and records in five minutes above which a function's alarm fires."
  type        = number
  default     = 50
}

variable "lambda_error_alarm_evaluation_periods" {
  description = "Number of consecutive five-minute periods above lambda_error_alarm_threshold after which a function's alarm fires."
  type        = number
  default     = 2
}
