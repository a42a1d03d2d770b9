variable "name" {
  description = "Name of the queue."
  type        = string
}

variable "account" {
  description = "Partition, region and id of the AWS account. The module builds ARNs from them, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "dead_letter_name" {
  description = "Name of the queue's dead-letter queue. null creates none, for a queue that is itself a dead-letter queue."
  type        = string
  default     = null
}

variable "max_receive_count" {
  description = "Number of deliveries after which a message moves to the dead-letter queue. It has no effect without one."
  type        = number
  default     = null
}

variable "visibility_timeout_seconds" {
  description = "Seconds that a received message stays hidden. AWS advises at least six times the timeout of the function that reads the queue."
  type        = number
  default     = 30
}

variable "max_message_kb" {
  description = "Largest message in KB, its attributes included. More than 256 needs version 6.8.0 or later of the AWS provider."
  type        = number
  default     = 256
}

variable "writers" {
  description = "AWS services that may write to the queue, each only for the ARNs that are listed. IAM roles need no entry, because their own policies allow them."
  type        = list(object({ sid = string, service = string, source_arns = list(string) }))
  default     = []
}

variable "dead_letter_writers" {
  description = "AWS services that may write to the dead-letter queue, for subscriptions and rules that share it."
  type        = list(object({ sid = string, service = string, source_arns = list(string) }))
  default     = []
}

variable "tags" {
  description = "Tags of every resource in this module."
  type        = map(string)
  default     = {}
}

