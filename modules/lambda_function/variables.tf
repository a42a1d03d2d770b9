variable "name" {
  description = "Name of the function; its role is named after it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,60}$", var.name))
    error_message = "name must be 1 to 60 letters, digits, hyphens or underscores: IAM allows 64 for the role, which ends in Role."
  }
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account.id))
    error_message = "account.id must be the twelve digits of an AWS account."
  }
}

variable "description" {
  description = "What the function is for."
  type        = string

  validation {
    condition     = length(var.description) > 0 && length(var.description) <= 256
    error_message = "description must have 1 to 256 characters."
  }
}

variable "package_path" {
  description = "Path of the function's zip, with handler.py at its root."
  type        = string

  validation {
    condition     = endswith(var.package_path, ".zip")
    error_message = "package_path must name a .zip file."
  }
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.[0-9]{1,2}$", var.runtime))
    error_message = "runtime must be a Python runtime such as python3.13."
  }
}

variable "architecture" {
  description = "Processor that the package was built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "memory_mb" {
  description = "Memory of the function in MB."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb must be between 128 and 10240 (Lambda's limits)."
  }
}

variable "timeout_seconds" {
  description = "Timeout of the function in seconds."
  type        = number
  default     = 30

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be between 1 and 900 (Lambda's limits)."
  }
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
  default     = {}
}

variable "layer_arns" {
  description = "Layers of the function, by version ARN."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.layer_arns) <= 5
    error_message = "A function takes at most five layers."
  }
}

variable "policy_statements" {
  description = "What the function may do, one statement per reason, beside writing its log and reading its event sources."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(list(string))))
  }))
  default = []

  validation {
    condition     = alltrue([for action in flatten(var.policy_statements[*].actions) : !strcontains(action, "*")])
    error_message = "policy_statements must name every action: no wildcard."
  }

  validation {
    condition = alltrue([
      for statement in var.policy_statements : !contains(statement.resources, "*") || strcontains(statement.sid, "HasNoResourceLevel")
    ])
    error_message = "Resource \"*\" is for actions that AWS offers no resource level for; say so in the sid (…HasNoResourceLevel)."
  }
}

variable "event_sources" {
  description = "Queues that feed the function, in batches of ten with partial failures."
  type        = map(object({ queue_arn = string, maximum_concurrency = number }))
  default     = {}

  validation {
    condition = alltrue([
      for source in var.event_sources : source.maximum_concurrency >= 2 && source.maximum_concurrency <= 1000
    ])
    error_message = "maximum_concurrency must be between 2 and 1000 (Lambda's limits)."
  }
}

variable "allow_recursion" {
  description = "Allow the function to feed its own queue. Lambda cuts such a loop after 16 hops otherwise."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days that the function's log is kept."
  type        = number
  default     = 90

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be one of CloudWatch's values: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "tracing_enabled" {
  description = "Trace with AWS X-Ray."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}

