variable "name" {
  description = "Name of the engine: the first part of every resource's name."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "retain_data_on_delete" {
  description = "Protect the tables from deletion: a destroy ends with an error for them."
  type        = bool
}

variable "kms_key_arn" {
  description = "Customer key of the tables; null for the account's own DynamoDB key."
  type        = string
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
