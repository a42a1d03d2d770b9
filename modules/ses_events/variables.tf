variable "name" {
  description = "Name of the engine: the first part of every resource's name."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "create_configuration_set" {
  description = "Create the configuration set. False uses the one named in configuration_set_name, or none."
  type        = bool
}

variable "configuration_set_name" {
  description = "Name of the configuration set; null names it after the engine, or uses none if it is not created."
  type        = string
}

variable "tls_policy" {
  description = "REQUIRE: SES sends over TLS only. OPTIONAL: also without, where the recipient's server offers none."
  type        = string
}

variable "open_tracking" {
  description = "Report opens. SES adds an invisible image to the HTML part for it."
  type        = bool
}

variable "click_tracking" {
  description = "Report clicks. SES rewrites every link for it, password-reset links included."
  type        = bool
}

variable "tracking_domain" {
  description = "Domain of the links and images by which SES tracks; null uses SES's own."
  type        = string
}

variable "tracking_https" {
  description = "Track over HTTPS only."
  type        = bool
}

variable "feedback_queue_arn" {
  description = "ARN of the queue that the events go to."
  type        = string
}

variable "dead_letter_queue_arn" {
  description = "ARN of the queue for events that could not be delivered to the feedback queue."
  type        = string
}

variable "kms_key_arn" {
  description = "Customer key for the topic. Its policy must let SES and SNS use it; the AWS-managed key would silently stop SES from publishing."
  type        = string
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
