variable "event_bus_name" {
  description = "Name of the engine's bus: its output event_bus_name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.event_bus_name))
    error_message = "event_bus_name must be the name of an event bus, not its ARN."
  }
}

variable "event_source" {
  description = "The team's event source: what it writes into the Source of its requests."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.event_source)) && !startswith(var.event_source, "aws.")
    error_message = "event_source must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes and not start with aws. (EventBridge's rule)."
  }
}

variable "role_name" {
  description = "Role to give the right to send; null to attach the policy_json output yourself."
  type        = string
  default     = null

  validation {
    condition     = var.role_name == null ? true : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "role_name must be the name of an IAM role, not its ARN, or null."
  }
}

variable "status_target_arn" {
  description = "SQS queue, Lambda function, SNS topic or other EventBridge target for the team's statuses; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.status_target_arn == null ? true : can(regex("^arn:[^:]+:[a-z-]+:", var.status_target_arn))
    error_message = "status_target_arn must be an ARN, or null."
  }
}

variable "status_dead_letter_queue_arn" {
  description = "SQS queue for statuses that the target did not take; null drops them after EventBridge's 24 hours of retries."
  type        = string
  default     = null

  validation {
    condition     = var.status_dead_letter_queue_arn == null ? true : can(regex("^arn:[^:]+:sqs:", var.status_dead_letter_queue_arn))
    error_message = "status_dead_letter_queue_arn must be the ARN of an SQS queue, or null."
  }
}

variable "statuses" {
  description = "Statuses to be told about."
  type        = list(string)
  default     = ["failed", "bounced", "complained"]

  validation {
    condition = length(var.statuses) > 0 && alltrue([for status in var.statuses : contains(
      ["deferred", "sent", "delayed", "failed", "soft_bounced", "delivered", "opened", "clicked", "bounced", "complained"], status
    )])
    error_message = "statuses must be one or more of deferred, sent, delayed, failed, soft_bounced, delivered, opened, clicked, bounced, complained."
  }
}

variable "status_event_source" {
  description = "Source of the engine's status events: its variable of the same name."
  type        = string
  default     = "sesmailengine"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.status_event_source)) && !startswith(var.status_event_source, "aws.")
    error_message = "status_event_source must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes and not start with aws. (EventBridge's rule)."
  }
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
