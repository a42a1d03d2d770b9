variable "name" {
  description = "Name of the engine: the first part of every name here."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,39}$", var.name))
    error_message = "name must be 2 to 40 lower-case letters, digits or hyphens and start with a letter: it becomes part of a bucket name, which ends at 63 characters."
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

variable "retain_data_on_delete" {
  description = "Protect the tables from deletion: a destroy ends with an error for them."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
