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

  validation {
    condition     = contains(["layer", "bundled"], var.layer_delivery)
    error_message = "layer_delivery must be layer or bundled."
  }
}

variable "lambda_architecture" {
  description = "Processor of the functions. The packages must be built for it: `make package ARCH=x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture must be arm64 or x86_64."
  }
}

variable "lambda_runtime" {
  description = "Python runtime of the functions. The packages must be built for it: `make package PYTHON_VERSION=3.12`."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.(1[1-9]|[2-9][0-9])$", var.lambda_runtime))
    error_message = "lambda_runtime must be python3.11 or later, such as python3.13."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Logs, traces and the Lambda quota
# ---------------------------------------------------------------------------------------------------------------------

variable "log_level" {
  description = "Lowest level that the functions log."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the functions' logs. The default equals that of data_retention_days."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
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

  validation {
    condition     = contains([256, 512, 1024], var.email_sender_memory)
    error_message = "email_sender_memory must be 256, 512 or 1024."
  }

  validation {
    # The function itself, and the copies that a message has on its way to SES. Measured (tests/functions/test_memory.py):
    # 154 MB with messages of 1 MB, 231 with 5, 319 with 10.
    condition     = var.email_sender_memory >= 160 + 20 * var.max_message_mb
    error_message = "email_sender_memory is too small for max_message_mb: 256 MB allow messages of up to 4.8 MB, 512 of up to 17.6 MB, 1024 of up to 40 MB. Raise email_sender_memory or lower max_message_mb."
  }
}

variable "email_sender_timeout" {
  description = "Timeout of the sender in seconds, for a batch of up to ten emails."
  type        = number
  default     = 30

  validation {
    condition     = var.email_sender_timeout >= 10 && var.email_sender_timeout <= 60 && floor(var.email_sender_timeout) == var.email_sender_timeout
    error_message = "email_sender_timeout must be a whole number of seconds from 10 to 60."
  }
}

variable "email_sender_concurrency" {
  description = "Number of senders that run at the same time for transactional emails; as many again may run for their retry queue."
  type        = number
  default     = 5

  validation {
    condition     = var.email_sender_concurrency >= 2 && var.email_sender_concurrency <= 1000 && floor(var.email_sender_concurrency) == var.email_sender_concurrency
    error_message = "email_sender_concurrency must be a whole number from 2 (Lambda's minimum) to 1000."
  }
}

variable "bulk_sender_concurrency" {
  description = "Number of senders that run at the same time for bulk emails; as many again may run for their retry queue."
  type        = number
  default     = 5

  validation {
    condition     = var.bulk_sender_concurrency >= 2 && var.bulk_sender_concurrency <= 1000 && floor(var.bulk_sender_concurrency) == var.bulk_sender_concurrency
    error_message = "bulk_sender_concurrency must be a whole number from 2 (Lambda's minimum) to 1000."
  }
}

variable "email_sender_reserved_concurrency" {
  description = "Concurrent executions that Lambda reserves for the sender, so that the account's other functions cannot use them up; null reserves none. AWS always leaves at least 100 of the account's executions unreserved."
  type        = number
  default     = null

  validation {
    # Else Lambda throttles what its event sources poll: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    condition     = var.email_sender_reserved_concurrency == null ? true : var.email_sender_reserved_concurrency >= 2 * (var.email_sender_concurrency + var.bulk_sender_concurrency) && floor(var.email_sender_reserved_concurrency) == var.email_sender_reserved_concurrency
    error_message = "email_sender_reserved_concurrency must be null, or a whole number of at least 2 x (email_sender_concurrency + bulk_sender_concurrency): each of the two is for a queue and for its retry queue."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Feedback processor function
# ---------------------------------------------------------------------------------------------------------------------

variable "feedback_processor_memory" {
  description = "Memory of the feedback processor in MB."
  type        = number
  default     = 256

  validation {
    condition     = contains([128, 256, 512], var.feedback_processor_memory)
    error_message = "feedback_processor_memory must be 128, 256 or 512."
  }
}

variable "feedback_processor_timeout" {
  description = "Timeout of the feedback processor in seconds, for a batch of up to 50 SES events."
  type        = number
  default     = 15

  validation {
    condition     = var.feedback_processor_timeout >= 5 && var.feedback_processor_timeout <= 30 && floor(var.feedback_processor_timeout) == var.feedback_processor_timeout
    error_message = "feedback_processor_timeout must be a whole number of seconds from 5 to 30."
  }
}

variable "feedback_processor_concurrency" {
  description = "Number of feedback processors that run at the same time."
  type        = number
  default     = 5

  validation {
    condition     = var.feedback_processor_concurrency >= 2 && var.feedback_processor_concurrency <= 1000 && floor(var.feedback_processor_concurrency) == var.feedback_processor_concurrency
    error_message = "feedback_processor_concurrency must be a whole number from 2 (Lambda's minimum) to 1000."
  }
}

variable "feedback_processor_reserved_concurrency" {
  description = "Concurrent executions that Lambda reserves for the feedback processor, so that the account's other functions cannot use them up; null reserves none. AWS always leaves at least 100 of the account's executions unreserved."
  type        = number
  default     = null

  validation {
    condition     = var.feedback_processor_reserved_concurrency == null ? true : var.feedback_processor_reserved_concurrency >= var.feedback_processor_concurrency && floor(var.feedback_processor_reserved_concurrency) == var.feedback_processor_reserved_concurrency
    error_message = "feedback_processor_reserved_concurrency must be a whole number of at least feedback_processor_concurrency, or null."
  }
}
