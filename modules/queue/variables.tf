variable "name" {
  description = "Name of the queue."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", var.name))
    error_message = "name must be 1 to 80 letters, digits, hyphens or underscores (SQS's rule)."
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

variable "dead_letter_name" {
  description = "Name of the dead-letter queue; null for a queue that is one itself."
  type        = string
  default     = null

  validation {
    condition     = var.dead_letter_name == null ? true : can(regex("^[A-Za-z0-9_-]{1,80}$", var.dead_letter_name))
    error_message = "dead_letter_name must be 1 to 80 letters, digits, hyphens or underscores (SQS's rule), or null."
  }
}

variable "max_receive_count" {
  description = "Times a message may be received before it moves to the dead-letter queue."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000
    error_message = "max_receive_count must be between 1 and 1000."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden: at least six times the timeout of the function that reads the queue."
  type        = number
  default     = 30

  validation {
    condition     = var.visibility_timeout_seconds >= 0 && var.visibility_timeout_seconds <= 43200
    error_message = "visibility_timeout_seconds must be between 0 and 43200 (12 hours, SQS's limit)."
  }
}

variable "writers" {
  description = "AWS services that may write to the queue, each bound to the ARNs it may write for. Roles need no entry: their own policies allow them."
  type        = list(object({ sid = string, service = string, source_arns = list(string) }))
  default     = []

  validation {
    condition     = alltrue([for writer in var.writers : length(writer.source_arns) > 0])
    error_message = "Every writer needs at least one source ARN: without one, anybody's resource of that service could write."
  }
}

variable "dead_letter_writers" {
  description = "The same for the dead-letter queue, for subscriptions that share it."
  type        = list(object({ sid = string, service = string, source_arns = list(string) }))
  default     = []

  validation {
    condition     = alltrue([for writer in var.dead_letter_writers : length(writer.source_arns) > 0])
    error_message = "Every writer needs at least one source ARN: without one, anybody's resource of that service could write."
  }
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}

