variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "account" {
  description = "Partition, region and id of the AWS account. The module builds ARNs from them, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "retain_data_on_delete" {
  description = "Refuse to delete the bucket while it contains templates. A destroy then ends with an error."
  type        = bool
}

variable "kms_key_arn" {
  description = "ARN of a KMS key for the bucket; null uses S3's own key (AES256)."
  type        = string
}

variable "tags" {
  description = "Tags of every resource in this module."
  type        = map(string)
  default     = {}
}
