variable "name" {
  description = "Name of the engine: the first part of every name here."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,39}$", var.name))
    error_message = "name must be 2 to 40 lower-case letters, digits or hyphens and start with a letter: it becomes part of a bucket name, which ends at 63 characters."
  }
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account.id))
    error_message = "account.id must be the twelve digits of an AWS account."
  }
}

variable "admin_email" {
  description = "Address that every alarm is mailed to. AWS asks it to confirm first."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.admin_email))
    error_message = "admin_email must be one email address, such as ops@example.com."
  }
}

variable "dead_letter_queue_names" {
  description = "Dead-letter queues to watch: first part of the alarm's name to name of the queue."
  type        = map(string)

  validation {
    condition     = length(var.dead_letter_queue_names) > 0
    error_message = "dead_letter_queue_names must name at least one queue."
  }
}

variable "function_names" {
  description = "Functions to watch: first part of the alarm's name to name of the function."
  type        = map(string)

  validation {
    condition     = length(var.function_names) > 0
    error_message = "function_names must name at least one function."
  }
}

variable "email_queue_name" {
  description = "Name of the queue of transactional emails."
  type        = string
}

variable "feedback_queue_arn" {
  description = "ARN of the feedback processor's queue, which the pause alarms go to as well."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:", var.feedback_queue_arn))
    error_message = "feedback_queue_arn must be the ARN of an SQS queue."
  }
}

variable "dead_letter_queue_arn" {
  description = "ARN of the queue for pause alarms that could not be delivered to the feedback queue."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:", var.dead_letter_queue_arn))
    error_message = "dead_letter_queue_arn must be the ARN of an SQS queue."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Thresholds
# ---------------------------------------------------------------------------------------------------------------------

variable "bounce_rate_alarm_threshold" {
  description = "Bounce rate of the account that warns, as a fraction."
  type        = number
  default     = 0.03

  validation {
    condition     = var.bounce_rate_alarm_threshold > 0 && var.bounce_rate_alarm_threshold < 1
    error_message = "bounce_rate_alarm_threshold is a fraction between 0 and 1: 0.03 is 3 %."
  }
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account that warns, as a fraction."
  type        = number
  default     = 0.0005

  validation {
    condition     = var.complaint_rate_alarm_threshold > 0 && var.complaint_rate_alarm_threshold < 1
    error_message = "complaint_rate_alarm_threshold is a fraction between 0 and 1: 0.0005 is 0.05 %."
  }
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of the account that pauses sending, as a fraction."
  type        = number
  default     = 0.05

  validation {
    condition     = var.bounce_rate_pause_threshold >= var.bounce_rate_alarm_threshold && var.bounce_rate_pause_threshold < 1
    error_message = "bounce_rate_pause_threshold is a fraction below 1 and not below bounce_rate_alarm_threshold: warn before you pause."
  }
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of the account that pauses sending, as a fraction."
  type        = number
  default     = 0.001

  validation {
    condition     = var.complaint_rate_pause_threshold >= var.complaint_rate_alarm_threshold && var.complaint_rate_pause_threshold < 1
    error_message = "complaint_rate_pause_threshold is a fraction below 1 and not below complaint_rate_alarm_threshold: warn before you pause."
  }
}

variable "breaker_mode" {
  description = "pause: the breaker pauses, which has an alarm of its own. alarm: it only alarms."
  type        = string
  default     = "pause"

  validation {
    condition     = contains(["pause", "alarm"], var.breaker_mode)
    error_message = "breaker_mode must be pause or alarm."
  }
}

variable "reputation_alarm_period" {
  description = "Seconds that a reputation alarm averages over; two such periods warn."
  type        = number
  default     = 3600

  validation {
    condition     = contains([300, 900, 1800, 3600], var.reputation_alarm_period)
    error_message = "reputation_alarm_period must be 300, 900, 1800 or 3600 seconds."
  }
}

variable "lambda_error_alarm_threshold" {
  description = "Failed invocations and records in five minutes, above which a function alarms."
  type        = number
  default     = 50

  validation {
    condition     = var.lambda_error_alarm_threshold >= 1 && var.lambda_error_alarm_threshold <= 1000
    error_message = "lambda_error_alarm_threshold must be between 1 and 1000 failures in five minutes."
  }
}

variable "lambda_error_alarm_evaluation_periods" {
  description = "Periods of five minutes in a row above the threshold before a function alarms."
  type        = number
  default     = 2

  validation {
    condition     = var.lambda_error_alarm_evaluation_periods >= 1 && var.lambda_error_alarm_evaluation_periods <= 10
    error_message = "lambda_error_alarm_evaluation_periods must be between 1 and 10 periods of five minutes."
  }
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota kept for transactional mail; the quota alarm rises when less is left."
  type        = number
  default     = 0.1

  validation {
    condition     = var.daily_quota_reserve >= 0 && var.daily_quota_reserve <= 0.9
    error_message = "daily_quota_reserve is a fraction between 0 and 0.9: 0.1 keeps 10 % of the quota."
  }
}

variable "kms_key_arn" {
  description = "Customer key for the topic. Its policy must let SES and SNS use it; the AWS-managed key would silently stop SES from publishing."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias, or null."
  }
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
