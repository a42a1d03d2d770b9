# ---------------------------------------------------------------------------------------------------------------------
# Engine and producer
# ---------------------------------------------------------------------------------------------------------------------

variable "event_bus_name" {
  description = "Name of the engine's event bus (its output event_bus_name), if the engine is in the same account and region."
  type        = string
  default     = null

  validation {
    condition     = var.event_bus_name == null ? true : can(regex("^[A-Za-z0-9._/-]{1,256}$", var.event_bus_name))
    error_message = "event_bus_name must be the name of an event bus, not its ARN. Set the ARN in event_bus_arn."
  }
}

variable "event_bus_arn" {
  description = "ARN of the engine's event bus (its output event_bus_arn), if the engine is in another account or region. List this account in the engine's producers, by principals, accounts or organization_id. For statuses, also set status_event_bus_arn there: this module's output has its value."
  type        = string
  default     = null

  validation {
    condition     = var.event_bus_arn == null ? true : can(regex("^arn:[^:]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}$", var.event_bus_arn))
    error_message = "event_bus_arn must be the ARN of an event bus, such as arn:aws:events:eu-west-1:123456789012:event-bus/sesmailengine-EmailBus."
  }

  validation {
    condition     = (var.event_bus_arn == null) != (var.event_bus_name == null)
    error_message = "Set either event_bus_name or event_bus_arn: the name if the engine is in this account and region, the ARN if it is in another one."
  }
}

variable "regional_names" {
  description = "Append the engine's region to the names of the roles' policies, so that one role may use engines with the same name in two regions."
  type        = bool
  default     = false
}

variable "event_source" {
  description = "Event source of this producer, which it writes into the Source of its requests."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.event_source)) && !startswith(var.event_source, "aws.")
    error_message = "event_source must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes, and must not start with 'aws.' (EventBridge's rule)."
  }
}

variable "role_names" {
  description = "Names of the IAM roles that may send. Leave it empty if you attach the output policy_json yourself."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.role_names : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", name))])
    error_message = "role_names must be names of IAM roles, not their ARNs."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Statuses
# ---------------------------------------------------------------------------------------------------------------------

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
  description = "Event source of the engine's status events: the engine's variable of the same name."
  type        = string
  default     = "sesmailengine"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.status_event_source)) && !startswith(var.status_event_source, "aws.")
    error_message = "status_event_source must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes, and must not start with 'aws.' (EventBridge's rule)."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Function of a signed webhook
# ---------------------------------------------------------------------------------------------------------------------

variable "package_dir" {
  description = "Folder that contains status_webhook.zip, for a signed status_target. null uses the folder of the release, or dist in a clone."
  type        = string
  default     = null
}

variable "lambda_runtime" {
  description = "Python runtime of the function that posts the statuses of a signed status_target."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.(1[1-9]|[2-9][0-9])$", var.lambda_runtime))
    error_message = "lambda_runtime must be python3.11 or later, such as python3.13."
  }
}

variable "lambda_architecture" {
  description = "Processor of the function that posts the statuses of a signed status_target."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture must be arm64 or x86_64."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the log of the function that posts the statuses of a signed status_target."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Alarm, roles and tags
# ---------------------------------------------------------------------------------------------------------------------

variable "alarm_actions" {
  description = "ARNs that the alarm on a webhook's dead-letter queue calls, such as SNS topics in this region. The alarm calls SNS topics again when it ends."
  type        = list(string)
  default     = []

  validation {
    condition     = length(distinct(var.alarm_actions)) == length(var.alarm_actions) && length(var.alarm_actions) <= 5 && alltrue([for arn in var.alarm_actions : can(regex("^arn:[^:]+:(sns|lambda|ssm|ssm-incidents):", arn))])
    error_message = "alarm_actions must be at most five different ARNs (CloudWatch's limit) of SNS topics, Lambda functions, OpsItems or response plans."
  }
}

variable "role_path" {
  description = "IAM path of the role that calls a webhook."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.role_path))
    error_message = "role_path must be a path that starts and ends with a slash, such as /producers/, with at most 512 characters and no spaces (IAM's rule)."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that your organisation requires as permissions boundary of the role that calls a webhook; null sets none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*?]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null."
  }
}

variable "tags" {
  description = "Tags of every resource in this module."
  type        = map(string)
  default     = {}
}
