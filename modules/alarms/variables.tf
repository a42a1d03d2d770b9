variable "name" {
  description = "Name of the engine, which is the first part of every resource's name."
  type        = string
}

variable "account" {
  description = "Partition, region and id of the AWS account. The module builds ARNs from them, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "admin_email" {
  description = "Email address that receives every alarm, after it has confirmed AWS's subscription email."
  type        = string
}

variable "alarm_actions" {
  description = "Further ARNs that every alarm calls. SNS topics among them are called again when the alarm ends."
  type        = list(string)
}

variable "dead_letter_queue_names" {
  description = "Names of the dead-letter queues with an alarm, by the first part of the alarm's name."
  type        = map(string)
}

variable "function_names" {
  description = "Names of the functions with an alarm, by the first part of the alarm's name."
  type        = map(string)
}

variable "queue_ages" {
  description = "Queues with an alarm on the age of their oldest message, by the first part of the alarm's name; the age in seconds."
  type        = map(object({ queue_name = string, seconds = number }))
}

variable "bulk_queue_name" {
  description = "Name of the queue of bulk emails."
  type        = string
}

variable "event_bus_name" {
  description = "Name of the event bus; an alarm watches its rules."
  type        = string
}

variable "rule_names" {
  description = "Names of the rules that must deliver every event; at most five, because an alarm adds up at most ten metrics."
  type        = list(string)
}

variable "feedback_queue_arn" {
  description = "ARN of the feedback processor's queue, which also receives the pause alarms."
  type        = string
}

variable "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue for pause alarms that SNS could not deliver to the feedback queue."
  type        = string
}

# ---------------------------------------------------------------------------------------------------------------------
# Thresholds
# ---------------------------------------------------------------------------------------------------------------------

variable "bounce_rate_alarm_threshold" {
  description = "Bounce rate of the account above which an alarm warns, as a fraction."
  type        = number
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account above which an alarm warns, as a fraction."
  type        = number
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of the account above which the breaker pauses all sending, as a fraction."
  type        = number
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of the account above which the breaker pauses all sending, as a fraction."
  type        = number
}

variable "breaker_mode" {
  description = "pause: the breaker pauses sending, and an alarm reports it. alarm: only an alarm fires."
  type        = string
}

variable "reputation_alarm_period" {
  description = "Seconds over which a reputation alarm averages. The alarm fires after two such periods."
  type        = number
}

variable "lambda_error_alarm_threshold" {
  description = "Number of failed invocations and records in five minutes above which a function's alarm fires."
  type        = number
}

variable "lambda_error_alarm_evaluation_periods" {
  description = "Number of consecutive five-minute periods above lambda_error_alarm_threshold after which a function's alarm fires."
  type        = number
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota that is kept for transactional emails; the quota alarm fires when less is left."
  type        = number
}

variable "kms_key_arn" {
  description = "ARN of a KMS key for the topic; null uses none. The key's policy must allow CloudWatch and SNS to use it."
  type        = string
}

variable "tags" {
  description = "Tags of every resource in this module."
  type        = map(string)
  default     = {}
}
