# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Required
# ---------------------------------------------------------------------------------------------------------------------

variable "admin_email" {
  description = "Address that receives every alarm by email, once its owner has confirmed AWS's subscription email."
  type        = string
}

variable "default_sender_email" {
  description = "Sender of emails if neither request nor template sets one. SES must have verified the address or its domain."
  type        = string
}

# ---------------------------------------------------------------------------------------------------------------------
# General
# ---------------------------------------------------------------------------------------------------------------------

variable "name" {
  description = "First part of every name; two engines in one account need two, or two regions and regional_names."
  type        = string
  default     = "sesmailengine"
}

variable "regional_names" {
  description = "End the names of roles, dashboard and template bucket with the region, so that engines of one name fit into several regions of an account. Set it before the first apply: a later change replaces all of them, and the new bucket has no template of yours."
  type        = bool
  default     = false
}

variable "environment" {
  description = "Stage that the engine runs in; appears in its logs."
  type        = string
  default     = "prod"
}

variable "default_sender_name" {
  description = "Sender name of emails if neither request nor template sets one."
  type        = string
  default     = "SESMailEngine"
}

variable "status_event_source" {
  description = "Source of the engine's own events on the bus."
  type        = string
  default     = "sesmailengine"
}

variable "tags" {
  description = "Tags for everything that can carry them."
  type        = map(string)
  default     = {}
}

# ---------------------------------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------------------------------

variable "retain_data_on_delete" {
  description = "Protect tables and template bucket: a destroy removes all else, leaves them as they are, and ends with an error. With false, a destroy removes everything."
  type        = bool
  default     = true
}

variable "data_retention_days" {
  description = "Days that a tracking record is kept."
  type        = number
  default     = 90
}

variable "archive_days" {
  description = "Days that EventBridge archives requests for a replay; 0 keeps no archive. An archive holds template data."
  type        = number
  default     = 0
}

variable "kms_key_arn" {
  description = "Customer key for the topics. Its policy must let SES, CloudWatch and SNS use it: the AWS-managed key would silently stop SES and CloudWatch from publishing."
  type        = string
  default     = null
}

variable "data_kms_key_arn" {
  description = "Customer key for the tables and the template bucket; null uses the account's DynamoDB key and S3's own. Without the key the data cannot be read: do not delete it while they exist."
  type        = string
  default     = null
}

variable "attachment_kms_key_arns" {
  description = "Customer keys of the buckets that attachments are read from (s3Uri): the sender may decrypt with them, through S3 only. The keys' policies must let this account in."
  type        = list(string)
  default     = []
}

# ---------------------------------------------------------------------------------------------------------------------
# Roles
# ---------------------------------------------------------------------------------------------------------------------

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role of the engine, where your organisation requires one; null for none."
  type        = string
  default     = null
}

variable "role_path" {
  description = "Path of every role of the engine."
  type        = string
  default     = "/"
}

# ---------------------------------------------------------------------------------------------------------------------
# SES
# ---------------------------------------------------------------------------------------------------------------------

variable "create_configuration_set" {
  description = "Create the configuration set. False uses the one named in configuration_set_name, or none."
  type        = bool
  default     = true
}

variable "configuration_set_name" {
  description = "Name of the configuration set; null names it after the engine, or uses none if it is not created."
  type        = string
  default     = null
}

variable "tls_policy" {
  description = "REQUIRE: SES sends over TLS only, and a recipient's server that offers none bounces. OPTIONAL: SES sends without TLS there. Of the configuration set that is created."
  type        = string
  default     = "REQUIRE"
}

variable "open_tracking" {
  description = "Report opens. SES adds an invisible image to the HTML part for it."
  type        = bool
  default     = true
}

variable "click_tracking" {
  description = "Report clicks. SES rewrites every link for it, password-reset links included."
  type        = bool
  default     = false
}

variable "tracking_domain" {
  description = "Domain of yours for the links and images by which SES tracks clicks and opens: the output of the same name of modules/domain, once SES has verified its domain; null uses SES's own."
  type        = string
  default     = null
}

variable "tracking_https" {
  description = "Track over HTTPS only. It needs a CDN with a certificate for tracking_domain in front of SES."
  type        = bool
  default     = false
}
