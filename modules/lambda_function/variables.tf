variable "name" {
  description = "Name of the function. Its role has the same name, followed by Role and role_name_suffix."
  type        = string
}

variable "account" {
  description = "Partition, region and id of the AWS account. The module builds ARNs from them, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "description" {
  description = "What the function is for, as shown in the AWS console."
  type        = string
}

variable "package_path" {
  description = "Path of the function's zip package, with handler.py at its root."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime of the function."
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
  description = "ARNs of the versions of the function's layers."
  type        = list(string)
}

variable "policy_statements" {
  description = "Rights of the function, one statement for each purpose. The rights to write its log and to read its queues are added by the module."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(list(string))))
  }))
}

variable "event_sources" {
  description = "Queues that invoke the function, by name. The function answers with the messages that failed; batching_seconds is the longest time that Lambda collects a batch."
  type = map(object({
    queue_arn           = string
    maximum_concurrency = number
    batch_size          = optional(number, 10)
    batching_seconds    = optional(number, 0)
  }))
  default = {}
}

variable "reserved_concurrency" {
  description = "Concurrent executions that Lambda reserves for this function, which are its limit too; null reserves none."
  type        = number
  default     = null
}

variable "role_name_suffix" {
  description = "End of the role's name, such as the region. A role's name must be unique in the account, a function's only in its region."
  type        = string
}

variable "role_path" {
  description = "IAM path of the function's role."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the function's role; null sets none."
  type        = string
}

variable "allow_recursion" {
  description = "Allow the function to send messages to its own queue. With false, Lambda stops such a loop after 16 hops."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the function's log."
  type        = number
}

variable "tracing_enabled" {
  description = "Trace the function with AWS X-Ray."
  type        = bool
}

variable "tags" {
  description = "Tags of every resource in this module."
  type        = map(string)
  default     = {}
}

