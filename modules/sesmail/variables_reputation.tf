# ---------------------------------------------------------------------------------------------------------------------
# Suppression
# ---------------------------------------------------------------------------------------------------------------------

variable "consecutive_soft_bounce_threshold" {
  description = "Number of consecutive soft bounces after which the engine suppresses an address."
  type        = number
  default     = 3

  validation {
    condition     = var.consecutive_soft_bounce_threshold >= 2 && var.consecutive_soft_bounce_threshold <= 10 && floor(var.consecutive_soft_bounce_threshold) == var.consecutive_soft_bounce_threshold
    error_message = "consecutive_soft_bounce_threshold must be a whole number from 2 to 10."
  }
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

  validation {
    condition     = contains(["pause", "alarm"], var.breaker_mode)
    error_message = "breaker_mode must be pause or alarm."
  }
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of a producer or of the account above which the breaker pauses sending, as a fraction. SES reviews accounts at the default, 5 %."
  type        = number
  default     = 0.05

  validation {
    condition     = var.bounce_rate_pause_threshold >= var.bounce_rate_alarm_threshold && var.bounce_rate_pause_threshold < 1
    error_message = "bounce_rate_pause_threshold must be a fraction below 1 that is not below bounce_rate_alarm_threshold, so that the alarm warns before the breaker pauses."
  }
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of a producer or of the account above which the breaker pauses sending, as a fraction. SES reviews accounts at the default, 0.1 %."
  type        = number
  default     = 0.001

  validation {
    condition     = var.complaint_rate_pause_threshold >= var.complaint_rate_alarm_threshold && var.complaint_rate_pause_threshold < 1
    error_message = "complaint_rate_pause_threshold must be a fraction below 1 that is not below complaint_rate_alarm_threshold, so that the alarm warns before the breaker pauses."
  }
}

variable "breaker_min_emails" {
  description = "Number of emails in the window (one hour, or 24 hours) from which a rate counts. A lower one lets a few bad emails pause a producer."
  type        = number
  default     = 100

  validation {
    condition     = var.breaker_min_emails >= 1 && var.breaker_min_emails <= 1000000 && floor(var.breaker_min_emails) == var.breaker_min_emails
    error_message = "breaker_min_emails must be a whole number from 1 to 1000000."
  }
}

variable "breaker_min_bounces" {
  description = "Number of hard bounces in the window from which the bounce rate counts."
  type        = number
  default     = 10

  validation {
    condition     = var.breaker_min_bounces >= 1 && var.breaker_min_bounces <= 1000000 && floor(var.breaker_min_bounces) == var.breaker_min_bounces
    error_message = "breaker_min_bounces must be a whole number from 1 to 1000000."
  }
}

variable "breaker_min_complaints" {
  description = "Number of complaints in the window from which the complaint rate counts."
  type        = number
  default     = 5

  validation {
    condition     = var.breaker_min_complaints >= 1 && var.breaker_min_complaints <= 1000000 && floor(var.breaker_min_complaints) == var.breaker_min_complaints
    error_message = "breaker_min_complaints must be a whole number from 1 to 1000000."
  }
}

variable "breaker_cooldown_minutes" {
  description = "Minutes between a pause for bounces and the first emails that are sent as probes. Fractions are allowed. A pause for complaints ends only with `sesmail resume`."
  type        = number
  default     = 60

  validation {
    condition     = var.breaker_cooldown_minutes >= 0 && var.breaker_cooldown_minutes <= 1440
    error_message = "breaker_cooldown_minutes must be a number of minutes from 0 to 1440 (a day)."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Alarms
# ---------------------------------------------------------------------------------------------------------------------

variable "alarm_actions" {
  description = "ARNs that every alarm calls in addition to the engine's alarm topic: SNS topics in this region (for chat or paging), Lambda functions, OpsItems, or response plans of Incident Manager. SNS topics are called again when the alarm ends."
  type        = list(string)
  default     = []

  validation {
    condition     = length(distinct(var.alarm_actions)) == length(var.alarm_actions) && length(var.alarm_actions) <= 4
    error_message = "alarm_actions must be at most four different ARNs: CloudWatch calls at most five, and the engine's topic is one."
  }

  validation {
    condition = alltrue([for arn in var.alarm_actions : anytrue([
      can(regex("^arn:[^:]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn)),
      can(regex("^arn:[^:]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]+)?$", arn)),
      can(regex("^arn:[^:]+:ssm:[a-z0-9-]+:[0-9]{12}:opsitem:[1-4](#CATEGORY=[A-Za-z]+)?$", arn)),
      can(regex("^arn:[^:]+:ssm-incidents::[0-9]{12}:response-plan/[A-Za-z0-9_-]{1,200}$", arn)),
    ])])
    error_message = "alarm_actions must be ARNs of standard SNS topics (arn:aws:sns:REGION:ACCOUNT:NAME), Lambda functions, OpsItems (arn:aws:ssm:REGION:ACCOUNT:opsitem:SEVERITY) or response plans (arn:aws:ssm-incidents::ACCOUNT:response-plan/NAME)."
  }
}

variable "bounce_rate_alarm_threshold" {
  description = "Bounce rate of the account above which an alarm warns, as a fraction. The default, 3 %, warns before SES reviews the account at 5 %."
  type        = number
  default     = 0.03

  validation {
    condition     = var.bounce_rate_alarm_threshold >= 0.001 && var.bounce_rate_alarm_threshold <= 0.5
    error_message = "bounce_rate_alarm_threshold must be a fraction from 0.001 to 0.5: 0.03 is 3 %."
  }
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account above which an alarm warns, as a fraction. The default, 0.05 %, warns before SES reviews the account at 0.1 %."
  type        = number
  default     = 0.0005

  validation {
    condition     = var.complaint_rate_alarm_threshold >= 0.0001 && var.complaint_rate_alarm_threshold <= 0.5
    error_message = "complaint_rate_alarm_threshold must be a fraction from 0.0001 to 0.5: 0.0005 is 0.05 %."
  }
}

variable "reputation_alarm_period" {
  description = "Seconds over which a reputation alarm averages. The alarm fires after two such periods."
  type        = number
  default     = 3600

  validation {
    condition     = contains([300, 900, 1800, 3600], var.reputation_alarm_period)
    error_message = "reputation_alarm_period must be 300, 900, 1800 or 3600."
  }
}

variable "lambda_error_alarm_threshold" {
  description = "Number of failed invocations and records in five minutes above which a function's alarm fires."
  type        = number
  default     = 50

  validation {
    condition     = var.lambda_error_alarm_threshold >= 1 && var.lambda_error_alarm_threshold <= 1000
    error_message = "lambda_error_alarm_threshold must be a number of failures in five minutes from 1 to 1000."
  }
}

variable "lambda_error_alarm_evaluation_periods" {
  description = "Number of consecutive five-minute periods above lambda_error_alarm_threshold after which a function's alarm fires."
  type        = number
  default     = 2

  validation {
    condition     = var.lambda_error_alarm_evaluation_periods >= 1 && var.lambda_error_alarm_evaluation_periods <= 10 && floor(var.lambda_error_alarm_evaluation_periods) == var.lambda_error_alarm_evaluation_periods
    error_message = "lambda_error_alarm_evaluation_periods must be a whole number of five-minute periods from 1 to 10."
  }
}
