variable "name" {
  description = "Name of the queue."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "dead_letter_name" {
  description = "Name of the dead-letter queue; null for a queue that is one itself."
  type        = string
  default     = null
}

variable "max_receive_count" {
  description = "Times that a message is delivered before it moves to the dead-letter queue; unused without one."
  type        = number
  default     = null
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden: at least six times the timeout of the function that reads the queue."
  type        = number
  default     = 30
}

variable "max_message_kb" {
  description = "Largest message in KB, its attributes included. More than 256 needs version 6.8.0 or later of the AWS provider."
  type        = number
  default     = 256
}

variable "writers" {
  description = "AWS services that may write to the queue, each bound to the ARNs it may write for. Roles need no entry: their own policies allow them."
  type        = list(object({ sid = string, service = string, source_arns = list(string) }))
  default     = []
}

variable "dead_letter_writers" {
  description = "The same for the dead-letter queue, for subscriptions that share it."
  type        = list(object({ sid = string, service = string, source_arns = list(string) }))
  default     = []
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}

