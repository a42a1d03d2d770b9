variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "retain_data_on_delete" {
  description = "Fail to destroy the bucket while it contains templates."
  type        = bool
}

variable "kms_key_arn" {
  description = "Customer key of the bucket; null for S3's own (AES256)."
  type        = string
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
