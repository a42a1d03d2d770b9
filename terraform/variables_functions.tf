# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Packages
# ---------------------------------------------------------------------------------------------------------------------

variable "package_dir" {
  description = "Folder of the packages that `make package` builds. null finds those of the release, or those in the folder dist of the clone."
  type        = string
  default     = null
}

variable "layer_delivery" {
  description = "layer: the engine's code is a Lambda layer that all functions share. bundled: each function's package contains the code, for platforms that do not mount layers."
  type        = string
  default     = "layer"
}

variable "lambda_architecture" {
  description = "Processor of the functions. The packages must be built for it: `make package ARCH=x86_64`."
  type        = string
  default     = "arm64"
}

variable "lambda_runtime" {
  description = "Python runtime of the functions. The packages must be built for it: `make package PYTHON_VERSION=3.12`."
  type        = string
  default     = "python3.13"
}

# ---------------------------------------------------------------------------------------------------------------------
# Logs, traces and the Lambda quota
# ---------------------------------------------------------------------------------------------------------------------

variable "log_level" {
  description = "Lowest level that the functions log."
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the functions' logs. The default equals that of data_retention_days."
  type        = number
  default     = 90
}

variable "tracing_enabled" {
  description = "Trace the functions with AWS X-Ray."
  type        = bool
  default     = false
}

variable "check_lambda_quota" {
  description = "Warn in every plan if the account may run fewer Lambda functions at once than the engine's queues may start. The plan then needs the rights servicequotas:GetServiceQuota and servicequotas:GetAWSDefaultServiceQuota; false skips the check."
  type        = bool
  default     = true
}

# ---------------------------------------------------------------------------------------------------------------------
# Sender function
# ---------------------------------------------------------------------------------------------------------------------

variable "email_sender_memory" {
  description = "Memory of the sender in MB; more memory also means more processor time. A larger max_message_mb needs more memory."
  type        = number
  default     = 512
}

variable "email_sender_timeout" {
  description = "Timeout of the sender in seconds, for a batch of up to ten emails."
  type        = number
  default     = 30
}

variable "email_sender_concurrency" {
  description = "Number of senders that run at the same time for transactional emails; as many again may run for their retry queue."
  type        = number
  default     = 5
}

variable "bulk_sender_concurrency" {
  description = "Number of senders that run at the same time for bulk emails; as many again may run for their retry queue."
  type        = number
  default     = 5
}

variable "email_sender_reserved_concurrency" {
  description = "Concurrent executions that Lambda reserves for the sender, so that the account's other functions cannot use them up; null reserves none. AWS always leaves at least 100 of the account's executions unreserved."
  type        = number
  default     = null
}

# ---------------------------------------------------------------------------------------------------------------------
# Feedback processor function
# ---------------------------------------------------------------------------------------------------------------------

variable "feedback_processor_memory" {
  description = "Memory of the feedback processor in MB."
  type        = number
  default     = 256
}

variable "feedback_processor_timeout" {
  description = "Timeout of the feedback processor in seconds, for a batch of up to 50 SES events."
  type        = number
  default     = 15
}

variable "feedback_processor_concurrency" {
  description = "Number of feedback processors that run at the same time."
  type        = number
  default     = 5
}

variable "feedback_processor_reserved_concurrency" {
  description = "Concurrent executions that Lambda reserves for the feedback processor, so that the account's other functions cannot use them up; null reserves none. AWS always leaves at least 100 of the account's executions unreserved."
  type        = number
  default     = null
}
