# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Required
# ---------------------------------------------------------------------------------------------------------------------

variable "admin_email" {
  description = "Email address that receives every alarm. AWS first sends it a subscription email; alarms arrive only after you confirm that."
  type        = string
}

variable "default_sender_email" {
  description = "Sender address of an email if neither its request nor its template names one. SES must have verified the address or its domain."
  type        = string
}

# ---------------------------------------------------------------------------------------------------------------------
# Names, stage and tags
# ---------------------------------------------------------------------------------------------------------------------

variable "name" {
  description = "First part of the name of every resource. Two engines in one account need different names, or two regions and regional_names."
  type        = string
  default     = "sesmailengine"
}

variable "regional_names" {
  description = "Append the region to the names of roles, dashboard and template bucket, so that engines with the same name fit into several regions of one account. Set it before the first apply: a later change replaces all of them, and the new bucket lacks your own templates."
  type        = bool
  default     = false
}

variable "environment" {
  description = "Stage of this engine. It appears in the logs. In dev and staging, a plan warns while delivery is live."
  type        = string
  default     = "prod"
}

variable "status_event_source" {
  description = "Event source of the engine's own events on the bus, such as Email Status Changed. Only the engine and operator_principals may publish under it."
  type        = string
  default     = "sesmailengine"
}

variable "tags" {
  description = "Tags of every resource that can have tags."
  type        = map(string)
  default     = {}
}

# ---------------------------------------------------------------------------------------------------------------------
# Data and encryption
# ---------------------------------------------------------------------------------------------------------------------

variable "retain_data_on_delete" {
  description = "Protect the tables and the template bucket. A destroy then removes everything else, leaves them unchanged and ends with an error. With false, a destroy removes everything."
  type        = bool
  default     = true
}

variable "data_retention_days" {
  description = "Days that the engine keeps the tracking record of an email."
  type        = number
  default     = 90
}

variable "archive_days" {
  description = "Days that EventBridge archives requests for a replay. The default, 0, creates no archive, because an archive contains template data."
  type        = number
  default     = 0
}

variable "kms_key_arn" {
  description = "ARN of your KMS key for the SNS topics; null uses none. The key's policy must allow SES and CloudWatch to use it. Do not use the AWS-managed key: SES and CloudWatch could no longer publish, and report no error."
  type        = string
  default     = null
}

variable "data_kms_key_arn" {
  description = "ARN of your KMS key for the tables and the template bucket; null uses the account's DynamoDB key and S3's own. Keep the key as long as they exist: without it the data cannot be read."
  type        = string
  default     = null
}

variable "attachment_kms_key_arns" {
  description = "ARNs of the KMS keys of buckets that attachments are read from (s3Uri). The sender may decrypt with them, through S3 only. Each key's policy must allow this account."
  type        = list(string)
  default     = []
}

# ---------------------------------------------------------------------------------------------------------------------
# IAM roles
# ---------------------------------------------------------------------------------------------------------------------

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that your organisation requires as permissions boundary of every role; null sets none."
  type        = string
  default     = null
}

variable "role_path" {
  description = "IAM path of every role."
  type        = string
  default     = "/"
}

# ---------------------------------------------------------------------------------------------------------------------
# SES configuration set and tracking
# ---------------------------------------------------------------------------------------------------------------------

variable "create_configuration_set" {
  description = "Create an SES configuration set. With false, the engine uses your own, named in configuration_set_name, or none. With none, SES publishes no events to the engine by itself."
  type        = bool
  default     = true
}

variable "configuration_set_name" {
  description = "Name of the configuration set. null means NAME-ConfigSet if the engine creates it, and no configuration set if it does not."
  type        = string
  default     = null
}

variable "tls_policy" {
  description = "REQUIRE: SES sends over TLS only; an email to a server without TLS bounces. OPTIONAL: SES sends to such a server without TLS. It applies only to a configuration set that the engine creates."
  type        = string
  default     = "REQUIRE"
}

variable "open_tracking" {
  description = "Report opens. SES adds an invisible image to the HTML part; check that your privacy notice covers it."
  type        = bool
  default     = true
}

variable "click_tracking" {
  description = "Report clicks. It is off by default because SES rewrites every link, password-reset links included."
  type        = bool
  default     = false
}

variable "tracking_domain" {
  description = "Your own domain for tracked links and images: the output tracking_domain of modules/domain, once SES has verified that domain. null uses SES's domain."
  type        = string
  default     = null
}

variable "tracking_https" {
  description = "Serve tracked links and images over HTTPS only. This needs a CDN in front of SES, with a certificate for tracking_domain."
  type        = bool
  default     = false
}
