variable "name" {
  description = "Name of the function; its role is named after it, with role_name_suffix."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "description" {
  description = "What the function is for."
  type        = string
}

variable "package_path" {
  description = "Path of the function's zip, with handler.py at its root."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
}

variable "architecture" {
  description = "Processor that the package was built for."
  type        = string
}

variable "memory_mb" {
  description = "Memory of the function in MB."
  type        = number
}

variable "timeout_seconds" {
  description = "Timeout of the function in seconds."
  type        = number
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
}

variable "layer_arns" {
  description = "Layers of the function, by version ARN."
  type        = list(string)
}

variable "policy_statements" {
  description = "Permissions of the function, one statement per purpose, in addition to writing its log and reading its event sources."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(list(string))))
  }))
}

variable "event_sources" {
  description = "Queues that feed the function, in batches with partial failures, each collected for at most batching_seconds."
  type = map(object({
    queue_arn           = string
    maximum_concurrency = number
    batch_size          = optional(number, 10)
    batching_seconds    = optional(number, 0)
  }))
  default = {}
}

variable "reserved_concurrency" {
  description = "Concurrent executions that are kept for this function alone, and its limit; null reserves none."
  type        = number
  default     = null
}

variable "role_name_suffix" {
  description = "End of the name of the function's role: roles are the account's, functions a region's."
  type        = string
}

variable "role_path" {
  description = "Path of the function's role."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the function's role, or null."
  type        = string
}

variable "allow_recursion" {
  description = "Allow the function to feed its own queue. Otherwise Lambda stops such a loop after 16 hops."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days that the function's log is kept."
  type        = number
}

variable "tracing_enabled" {
  description = "Trace with AWS X-Ray."
  type        = bool
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}

