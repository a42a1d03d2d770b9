variable "name" {
  description = "Name of the engine: the first part of every resource's name."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "admin_email" {
  description = "Address that receives every alarm by email, once its owner has confirmed AWS's subscription email."
  type        = string
}

variable "alarm_actions" {
  description = "Further ARNs that every alarm calls; topics among them are called again when it ends."
  type        = list(string)
}

variable "dead_letter_queue_names" {
  description = "Dead-letter queues with an alarm: the first part of the alarm's name to the queue's name."
  type        = map(string)
}

variable "function_names" {
  description = "Functions with an alarm: the first part of the alarm's name to the function's name."
  type        = map(string)
}

variable "queue_ages" {
  description = "Queues by the first part of their alarm's name, with the age in seconds that a message may reach."
  type        = map(object({ queue_name = string, seconds = number }))
}

variable "bulk_queue_name" {
  description = "Name of the queue for bulk mail."
  type        = string
}

variable "event_bus_name" {
  description = "Name of the event bus; an alarm watches its rules."
  type        = string
}

variable "rule_names" {
  description = "Names of the rules that must deliver every event; at most five, since an alarm adds up ten metrics."
  type        = list(string)
}

variable "feedback_queue_arn" {
  description = "ARN of the feedback processor's queue, which also receives the pause alarms."
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
  description = "Bounce rate of the account above which an alarm warns, as a fraction."
  type        = number
}

variable "complaint_rate_alarm_threshold" {
  description = "Complaint rate of the account above which an alarm warns, as a fraction."
  type        = number
}

variable "bounce_rate_pause_threshold" {
  description = "Bounce rate of the account above which sending is paused, as a fraction."
  type        = number
}

variable "complaint_rate_pause_threshold" {
  description = "Complaint rate of the account above which sending is paused, as a fraction."
  type        = number
}

variable "breaker_mode" {
  description = "pause: the breaker pauses sending, and an alarm reports it. alarm: only an alarm fires."
  type        = string
}

variable "reputation_alarm_period" {
  description = "Seconds that a reputation alarm averages over; two such periods warn."
  type        = number
}

variable "lambda_error_alarm_threshold" {
  description = "Failed invocations and records in five minutes above which a function's alarm fires."
  type        = number
}

variable "lambda_error_alarm_evaluation_periods" {
  description = "Consecutive periods of five minutes above the threshold before a function's alarm fires."
  type        = number
}

variable "daily_quota_reserve" {
  description = "Fraction of SES's 24-hour quota kept for transactional mail; the quota alarm fires when less is left."
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
