variable "name" {
  description = "Name of the engine, which is the first part of every resource's name."
  type        = string
}

variable "account" {
  description = "Partition, region and id of the AWS account. The module builds ARNs from them, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "create_configuration_set" {
  description = "Create an SES configuration set. With false, the engine uses your own, named in configuration_set_name, or none."
  type        = bool
}

variable "configuration_set_name" {
  description = "Name of the configuration set. null means NAME-ConfigSet if this module creates it, and no configuration set if it does not."
  type        = string
}

variable "tls_policy" {
  description = "REQUIRE: SES sends over TLS only. OPTIONAL: SES sends without TLS to a server that does not offer it."
  type        = string
}

variable "open_tracking" {
  description = "Report opens. SES adds an invisible image to the HTML part."
  type        = bool
}

variable "click_tracking" {
  description = "Report clicks. SES rewrites every link, password-reset links included."
  type        = bool
}

variable "tracking_domain" {
  description = "Domain for tracked links and images; null uses SES's domain."
  type        = string
}

variable "tracking_https" {
  description = "Serve tracked links and images over HTTPS only."
  type        = bool
}

variable "feedback_queue_arn" {
  description = "ARN of the queue that receives the SES events."
  type        = string
}

variable "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue for SES events that SNS could not deliver to the feedback queue."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of a KMS key for the topic; null uses none. The key's policy must allow SES to use it."
  type        = string
}

variable "tags" {
  description = "Tags of every resource in this module."
  type        = map(string)
  default     = {}
}
