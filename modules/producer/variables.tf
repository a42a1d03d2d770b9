variable "event_bus_name" {
  description = "Name of the engine's bus, where the engine is in this account and region: its output event_bus_name."
  type        = string
  default     = null

  validation {
    condition     = var.event_bus_name == null ? true : can(regex("^[A-Za-z0-9._/-]{1,256}$", var.event_bus_name))
    error_message = "event_bus_name must be the name of an event bus, not its ARN; the ARN goes into event_bus_arn."
  }
}

variable "event_bus_arn" {
  description = "ARN of the engine's bus, where the engine is in another account or region: its output event_bus_arn. The engine's producers must list this account (principals, accounts or organization_id), and for statuses this module's status_event_bus_arn."
  type        = string
  default     = null

  validation {
    condition     = var.event_bus_arn == null ? true : can(regex("^arn:[^:]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}$", var.event_bus_arn))
    error_message = "event_bus_arn must be the ARN of an event bus, such as arn:aws:events:eu-west-1:123456789012:event-bus/sesmailengine-EmailBus."
  }

  validation {
    condition     = (var.event_bus_arn == null) != (var.event_bus_name == null)
    error_message = "event_bus_arn or event_bus_name must be set, and not both: the name for an engine of this account and region, the ARN for any other."
  }
}

variable "regional_names" {
  description = "End the names of roles' policies with the engine's region, so that one role may use the engines of two regions that have one name."
  type        = bool
  default     = false
}

variable "event_source" {
  description = "The team's event source: what it writes into the Source of its requests."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.event_source)) && !startswith(var.event_source, "aws.")
    error_message = "event_source must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes and not start with aws. (EventBridge's rule)."
  }
}

variable "role_names" {
  description = "Roles that get the permission to send; none if you attach the policy_json output yourself."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.role_names : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", name))])
    error_message = "role_names must be names of IAM roles, not their ARNs."
  }
}

variable "status_target" {
  description = "Where the team's statuses go: an SQS queue, a Lambda function or another EventBridge target, and optionally an SQS queue for statuses that it rejected; null for no subscription."
  type        = object({ type = string, arn = string, dead_letter_queue_arn = optional(string) })
  default     = null

  validation {
    condition     = var.status_target == null ? true : contains(["sqs", "lambda", "other"], var.status_target.type)
    error_message = "type of status_target must be sqs, lambda or other."
  }

  validation {
    condition     = var.status_target == null ? true : can(regex("^arn:[^:]+:[a-z-]+:", var.status_target.arn))
    error_message = "arn of status_target must be an ARN, such as that of an SQS queue."
  }

  validation {
    condition     = try(var.status_target.dead_letter_queue_arn, null) == null ? true : can(regex("^arn:[^:]+:sqs:", var.status_target.dead_letter_queue_arn))
    error_message = "dead_letter_queue_arn of status_target must be the ARN of an SQS queue."
  }
}

variable "statuses" {
  description = "Statuses that the target receives."
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
