# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Packages
# ---------------------------------------------------------------------------------------------------------------------

variable "package_dir" {
  description = "Folder that contains the packages of `make package`; null for those of the release, or for the dist folder of the clone."
  type        = string
  default     = null
}

variable "layer_delivery" {
  description = "layer: the engine's code is a Lambda layer. bundled: it is in each function's package, for places that do not mount layers."
  type        = string
  default     = "layer"
}

variable "lambda_architecture" {
  description = "Processor of the functions; the packages must be built for it."
  type        = string
  default     = "arm64"
}

variable "lambda_runtime" {
  description = "Python runtime of the functions; the packages must be built for it."
  type        = string
  default     = "python3.13"
}

# ---------------------------------------------------------------------------------------------------------------------
# Logs and traces
# ---------------------------------------------------------------------------------------------------------------------

variable "log_level" {
  description = "Least severe level that is logged."
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "Days that the functions' logs are kept."
  type        = number
  default     = 90
}

variable "tracing_enabled" {
  description = "Trace the functions with AWS X-Ray."
  type        = bool
  default     = false
}

variable "check_lambda_quota" {
  description = "Ask Service Quotas in every plan whether the account may run as many functions at once as the queues may ask for, and warn if not. Needs servicequotas:GetServiceQuota and servicequotas:GetAWSDefaultServiceQuota; false does not ask."
  type        = bool
  default     = true
}

# ---------------------------------------------------------------------------------------------------------------------
# Sender
# ---------------------------------------------------------------------------------------------------------------------

variable "email_sender_memory" {
  description = "Memory of the sender in MB; it also sets its share of a processor."
  type        = number
  default     = 512
}

variable "email_sender_timeout" {
  description = "Timeout of the sender in seconds, for a batch of ten emails."
  type        = number
  default     = 30
}

variable "email_sender_concurrency" {
  description = "Concurrent sender instances for transactional emails, and as many for the retry queue."
  type        = number
  default     = 5
}

variable "bulk_sender_concurrency" {
  description = "Concurrent sender instances for bulk emails."
  type        = number
  default     = 5
}

variable "email_sender_reserved_concurrency" {
  description = "Concurrent executions that Lambda keeps for the sender; null reserves none. AWS leaves at least 100 of the account's unreserved."
  type        = number
  default     = null
}

# ---------------------------------------------------------------------------------------------------------------------
# Feedback processor
# ---------------------------------------------------------------------------------------------------------------------

variable "feedback_processor_memory" {
  description = "Memory of the feedback processor in MB."
  type        = number
  default     = 256
}

variable "feedback_processor_timeout" {
  description = "Timeout of the feedback processor in seconds, for a batch of ten events."
  type        = number
  default     = 15
}

variable "feedback_processor_concurrency" {
  description = "Concurrent feedback processor instances."
  type        = number
  default     = 5
}

variable "feedback_processor_reserved_concurrency" {
  description = "Concurrent executions that Lambda keeps for the feedback processor; null reserves none. AWS leaves at least 100 of the account's unreserved."
  type        = number
  default     = null
}

# ---------------------------------------------------------------------------------------------------------------------
# Alarms
# ---------------------------------------------------------------------------------------------------------------------

variable "lambda_error_alarm_threshold" {
  description = "Failed invocations and records in five minutes above which a function's alarm fires."
  type        = number
  default     = 50
}

variable "lambda_error_alarm_evaluation_periods" {
  description = "Consecutive periods of five minutes above the threshold before a function's alarm fires."
  type        = number
  default     = 2
}
