# ---------------------------------------------------------------------------------------------------------------------
# Suppression
# ---------------------------------------------------------------------------------------------------------------------

variable "consecutive_soft_bounce_threshold" {
  description = "Soft bounces in a row that suppress an address."
  type        = number
  default     = 3

  validation {
    condition     = var.consecutive_soft_bounce_threshold >= 2 && var.consecutive_soft_bounce_threshold <= 10 && floor(var.consecutive_soft_bounce_threshold) == var.consecutive_soft_bounce_threshold
    error_message = "consecutive_soft_bounce_threshold must be a whole number between 2 and 10."
  }
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

  validation {
    condition     = length(distinct(var.alarm_actions)) == length(var.alarm_actions) && length(var.alarm_actions) <= 4
    error_message = "alarm_actions takes at most four different ARNs: CloudWatch calls five for an alarm, and the engine's topic is one."
  }

  validation {
    condition = alltrue([for arn in var.alarm_actions : anytrue([
      can(regex("^arn:[^:]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn)),
      can(regex("^arn:[^:]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]+)?$", arn)),
      can(regex("^arn:[^:]+:ssm:[a-z0-9-]+:[0-9]{12}:opsitem:[1-4](#CATEGORY=[A-Za-z]+)?$", arn)),
      can(regex("^arn:[^:]+:ssm-incidents::[0-9]{12}:response-plan/[A-Za-z0-9_-]{1,200}$", arn)),
    ])])
    error_message = "alarm_actions are ARNs of standard SNS topics (arn:aws:sns:REGION:ACCOUNT:NAME), Lambda functions, OpsItems (arn:aws:ssm:REGION:ACCOUNT:opsitem:SEVERITY) or response plans (arn:aws:ssm-incidents::ACCOUNT:response-plan/NAME)."
  }
}

variable "bounce_rate_alarm_threshold" {
  description = "Bounce rate of the account above which an alarm warns, as a fraction."
  type        = number
  default     = 0.03

  validation {
    condition     = var.bounce_rate_alarm_threshold >= 0.001 && var.bounce_rate_alarm_threshold <= 0.5
    error_message = "bounce_rate_alarm_threshold is a fraction between 0.001 and 0.5: 0.03 is 3 %."
  }
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account above which an alarm warns, as a fraction."
  type        = number
  default     = 0.0005

  validation {
    condition     = var.complaint_rate_alarm_threshold >= 0.0001 && var.complaint_rate_alarm_threshold <= 0.5
    error_message = "complaint_rate_alarm_threshold is a fraction between 0.0001 and 0.5: 0.0005 is 0.05 %."
  }
}

variable "reputation_alarm_period" {
  description = "Seconds that a reputation alarm averages over; two such periods warn."
  type        = number
  default     = 3600

  validation {
    condition     = contains([300, 900, 1800, 3600], var.reputation_alarm_period)
    error_message = "reputation_alarm_period must be 300, 900, 1800 or 3600."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Breaker
# ---------------------------------------------------------------------------------------------------------------------

variable "breaker_mode" {
  description = "pause: a high bounce or complaint rate pauses the producer, or the account. alarm: only an alarm fires."
  type        = string
  default     = "pause"

  validation {
    condition     = contains(["pause", "alarm"], var.breaker_mode)
    error_message = "breaker_mode must be pause or alarm."
  }
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of a producer or the account above which its sending is paused, as a fraction."
  type        = number
  default     = 0.05

  validation {
    condition     = var.bounce_rate_pause_threshold >= var.bounce_rate_alarm_threshold && var.bounce_rate_pause_threshold < 1
    error_message = "bounce_rate_pause_threshold is a fraction below 1 and not below bounce_rate_alarm_threshold: warn before you pause."
  }
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of a producer or the account above which its sending is paused, as a fraction."
  type        = number
  default     = 0.001

  validation {
    condition     = var.complaint_rate_pause_threshold >= var.complaint_rate_alarm_threshold && var.complaint_rate_pause_threshold < 1
    error_message = "complaint_rate_pause_threshold is a fraction below 1 and not below complaint_rate_alarm_threshold: warn before you pause."
  }
}

variable "breaker_min_emails" {
  description = "Emails in the window before a rate counts."
  type        = number
  default     = 100

  validation {
    condition     = var.breaker_min_emails >= 1 && var.breaker_min_emails <= 1000000 && floor(var.breaker_min_emails) == var.breaker_min_emails
    error_message = "breaker_min_emails must be a whole number between 1 and 1000000."
  }
}

variable "breaker_min_bounces" {
  description = "Hard bounces in the window before the bounce rate counts."
  type        = number
  default     = 10

  validation {
    condition     = var.breaker_min_bounces >= 1 && var.breaker_min_bounces <= 1000000 && floor(var.breaker_min_bounces) == var.breaker_min_bounces
    error_message = "breaker_min_bounces must be a whole number between 1 and 1000000."
  }
}

variable "breaker_min_complaints" {
  description = "Complaints in the window before the complaint rate counts."
  type        = number
  default     = 5

  validation {
    condition     = var.breaker_min_complaints >= 1 && var.breaker_min_complaints <= 1000000 && floor(var.breaker_min_complaints) == var.breaker_min_complaints
    error_message = "breaker_min_complaints must be a whole number between 1 and 1000000."
  }
}

variable "breaker_cooldown_minutes" {
  description = "Minutes between a trip and the first probes. Fractions are allowed."
  type        = number
  default     = 60

  validation {
    condition     = var.breaker_cooldown_minutes >= 0 && var.breaker_cooldown_minutes <= 1440
    error_message = "breaker_cooldown_minutes must be between 0 and 1440 (a day)."
  }
}
