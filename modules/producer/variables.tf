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
  description = "Where the team's statuses go: an SQS queue, a Lambda function or another EventBridge target by its arn, or type https with a url that receives each status as a POST. dead_letter_queue_arn is an SQS queue for statuses that the target rejected; type https creates one of its own. null for no subscription."
  type = object({
    type                         = string
    arn                          = optional(string)
    dead_letter_queue_arn        = optional(string)
    url                          = optional(string)
    key_header                   = optional(string, "X-Api-Key")
    rate_per_second              = optional(number, 50)
    maximum_event_age_in_seconds = optional(number, 86400)
  })
  default = null

  validation {
    condition     = var.status_target == null ? true : contains(["sqs", "lambda", "https", "other"], var.status_target.type)
    error_message = "type of status_target must be sqs, lambda, https or other."
  }

  validation {
    condition     = try(var.status_target.type, "https") == "https" ? true : can(regex("^arn:[^:]+:[a-z-]+:", var.status_target.arn))
    error_message = "arn of status_target must be an ARN, such as that of an SQS queue; only type https takes a url in its place."
  }

  validation {
    condition     = try(var.status_target.dead_letter_queue_arn, null) == null ? true : can(regex("^arn:[^:]+:sqs:", var.status_target.dead_letter_queue_arn))
    error_message = "dead_letter_queue_arn of status_target must be the ARN of an SQS queue."
  }

  # EventBridge calls public HTTPS endpoints only; a local cloud has no certificate.
  validation {
    condition     = try(var.status_target.type, "") != "https" ? true : can(regex("^(https://[^/?#@\\s]+|http://127\\.0\\.0\\.1:[0-9]+)(/[^#\\s]*)?$", var.status_target.url)) && var.status_target.arn == null && var.status_target.dead_letter_queue_arn == null
    error_message = "status_target of type https needs a url that starts with https://, without user, password or fragment, and neither arn nor dead_letter_queue_arn. http:// is allowed for 127.0.0.1 only."
  }

  validation {
    condition     = try(var.status_target.type, "") != "https" ? true : can(regex("^[A-Za-z0-9-]{1,64}$", var.status_target.key_header))
    error_message = "key_header of status_target must be the name of an HTTP header: 1 to 64 letters, digits and hyphens, such as X-Api-Key."
  }

  validation {
    condition     = try(var.status_target.type, "") != "https" ? true : var.status_target.rate_per_second >= 1 && var.status_target.rate_per_second <= 300 && floor(var.status_target.rate_per_second) == var.status_target.rate_per_second
    error_message = "rate_per_second of status_target must be a whole number from 1 to 300 (EventBridge's limit)."
  }

  validation {
    condition     = try(var.status_target.type, "") != "https" ? true : var.status_target.maximum_event_age_in_seconds >= 60 && var.status_target.maximum_event_age_in_seconds <= 86400 && floor(var.status_target.maximum_event_age_in_seconds) == var.status_target.maximum_event_age_in_seconds
    error_message = "maximum_event_age_in_seconds of status_target must be a whole number from 60 to 86400 (EventBridge's limits)."
  }
}

variable "status_target_key" {
  description = "Secret that a status_target of type https gets in its key_header, so that it can tell the engine's calls from others. It is in Terraform's state."
  type        = string
  default     = null
  sensitive   = true

  # EventBridge stores it as a header's value.
  validation {
    condition     = var.status_target_key == null ? true : can(regex("^[\\x21-\\x7e]{16,512}$", var.status_target_key))
    error_message = "status_target_key must be 16 to 512 printable characters without spaces."
  }

  validation {
    condition     = (try(var.status_target.type, "") == "https") == (var.status_target_key != null)
    error_message = "status_target of type https needs a status_target_key; other types take none."
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

variable "role_path" {
  description = "Path of the role that lets EventBridge call a webhook."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.role_path))
    error_message = "role_path must start and end with a slash, such as /producers/, and have at most 512 characters without spaces (IAM's rule)."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds that role, where your organisation requires one; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*?]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null."
  }
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
