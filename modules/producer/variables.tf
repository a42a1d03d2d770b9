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

variable "statuses" {
  description = "Statuses that the target receives. It also receives the events Email Unsubscribed and Email Resubscribed, which have no status."
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

variable "package_dir" {
  description = "Folder that contains status_webhook.zip, for a signed status_target; null for that of the release, or for the dist folder of the clone."
  type        = string
  default     = null
}

variable "lambda_runtime" {
  description = "Python runtime of the function of a signed status_target."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.(1[1-9]|[2-9][0-9])$", var.lambda_runtime))
    error_message = "lambda_runtime must be python3.11 or later, such as python3.13."
  }
}

variable "lambda_architecture" {
  description = "Processor of the function of a signed status_target."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture must be arm64 or x86_64."
  }
}

variable "log_retention_days" {
  description = "Days that the log of the function of a signed status_target is kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "alarm_actions" {
  description = "What the alarm on a webhook's dead-letter queue calls, such as SNS topics of this region. Topics are called again when it ends."
  type        = list(string)
  default     = []

  validation {
    condition     = length(distinct(var.alarm_actions)) == length(var.alarm_actions) && length(var.alarm_actions) <= 5 && alltrue([for arn in var.alarm_actions : can(regex("^arn:[^:]+:(sns|lambda|ssm|ssm-incidents):", arn))])
    error_message = "alarm_actions are at most five different ARNs (CloudWatch's limit) of SNS topics, Lambda functions, OpsItems or response plans."
  }
}

variable "role_path" {
  description = "Path of the role by which a webhook is called."
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
