variable "name" {
  description = "Name of the engine: the first part of every name here."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "admin_email" {
  description = "Address that every alarm is mailed to. AWS asks it to confirm first."
  type        = string
}

variable "dead_letter_queue_names" {
  description = "Dead-letter queues to watch: first part of the alarm's name to name of the queue."
  type        = map(string)
}

variable "function_names" {
  description = "Functions to watch: first part of the alarm's name to name of the function."
  type        = map(string)
}

variable "email_queue_name" {
  description = "Name of the queue of transactional emails."
  type        = string
}

variable "feedback_queue_arn" {
  description = "ARN of the feedback processor's queue, which the pause alarms go to as well."
  type        = string
}

variable "dead_letter_queue_arn" {
  description = "ARN of the queue for pause alarms that could not be delivered to the feedback queue."
  type        = string
}

# ---------------------------------------------------------------------------------------------------------------------
# Thresholds
# ---------------------------------------------------------------------------------------------------------------------

variable "bounce_rate_alarm_threshold" {
  description = "Bounce rate of the account that warns, as a fraction."
  type        = number
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account that warns, as a fraction."
  type        = number
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of the account that pauses sending, as a fraction."
  type        = number
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of the account that pauses sending, as a fraction."
  type        = number
}

variable "breaker_mode" {
  description = "pause: the breaker pauses, which has an alarm of its own. alarm: it only alarms."
  type        = string
}

variable "reputation_alarm_period" {
  description = "Seconds that a reputation alarm averages over; two such periods warn."
  type        = number
}

variable "lambda_error_alarm_threshold" {
  description = "Failed invocations and records in five minutes, above which a function alarms."
  type        = number
}

variable "lambda_error_alarm_evaluation_periods" {
  description = "Periods of five minutes in a row above the threshold before a function alarms."
  type        = number
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota kept for transactional mail; the quota alarm rises when less is left."
  type        = number
}

variable "kms_key_arn" {
  description = "Customer key for the topic. Its policy must let SES and SNS use it; the AWS-managed key would silently stop SES from publishing."
  type        = string
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
