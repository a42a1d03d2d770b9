# ---------------------------------------------------------------------------------------------------------------------
# Required
# ---------------------------------------------------------------------------------------------------------------------

variable "admin_email" {
  description = "Email address that receives every alarm. AWS first sends it a subscription email; alarms arrive only after you confirm that."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.admin_email))
    error_message = "admin_email must be one email address, such as ops@example.com."
  }
}

variable "default_sender_email" {
  description = "Sender address of an email if neither its request nor its template names one. SES must have verified the address or its domain."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.default_sender_email))
    error_message = "default_sender_email must be one email address without a display name, such as no-reply@example.com. Set the name in default_sender_name."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Names, stage and tags
# ---------------------------------------------------------------------------------------------------------------------

variable "name" {
  description = "First part of the name of every resource. Two engines in one account need different names, or two regions and regional_names."
  type        = string
  default     = "sesmailengine"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,39}$", var.name))
    error_message = "name must be 2 to 40 lower-case letters, digits or hyphens, of which the first is a letter. It becomes part of a bucket name, which may have 63 characters."
  }

  validation {
    condition     = !startswith(var.name, "aws") && !startswith(var.name, "ssm")
    error_message = "name must not start with aws or ssm. The engine stores its keys as SSM parameters under /NAME/, and SSM reserves both. Choose another name."
  }
}

variable "regional_names" {
  description = "Append the region to the names of roles, dashboard and template bucket, so that engines with the same name fit into several regions of one account. Set it before the first apply: a later change replaces all of them, and the new bucket lacks your own templates."
  type        = bool
  default     = false

  validation {
    condition     = !var.regional_names || length(var.name) <= 30
    error_message = "regional_names = true needs a name of at most 30 characters: the region becomes part of role and bucket names, which may have 64 and 63. Shorten name."
  }
}

variable "environment" {
  description = "Stage of this engine. It appears in the logs. In dev and staging, a plan warns while delivery is live."
  type        = string
  default     = "prod"

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment must be dev, staging or prod."
  }
}

variable "status_event_source" {
  description = "Event source of the engine's own events on the bus, such as Email Status Changed. Only the engine and operator_principals may publish under it."
  type        = string
  default     = "sesmailengine"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.status_event_source)) && !startswith(var.status_event_source, "aws.")
    error_message = "status_event_source must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes. EventBridge reserves names that start with \"aws.\"."
  }
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

  validation {
    condition     = var.data_retention_days >= 30 && var.data_retention_days <= 365 && floor(var.data_retention_days) == var.data_retention_days
    error_message = "data_retention_days must be a whole number of days from 30 to 365."
  }
}

variable "archive_days" {
  description = "Days that EventBridge archives requests for a replay. The default, 0, creates no archive, because an archive contains template data."
  type        = number
  default     = 0

  validation {
    condition     = var.archive_days >= 0 && var.archive_days <= 3650 && floor(var.archive_days) == var.archive_days
    error_message = "archive_days must be a whole number of days from 0 (no archive) to 3650."
  }

  validation {
    condition     = var.archive_days <= var.data_retention_days
    error_message = "archive_days must not be more than data_retention_days: a replay would send again every email without a record. Lower archive_days or raise data_retention_days."
  }
}

variable "kms_key_arn" {
  description = "ARN of your KMS key for the SNS topics; null uses none. The key's policy must allow SES and CloudWatch to use it. Do not use the AWS-managed key: SES and CloudWatch could no longer publish, and report no error."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias, or null."
  }
}

variable "data_kms_key_arn" {
  description = "ARN of your KMS key for the tables and the template bucket; null uses the account's DynamoDB key and S3's own. Keep the key as long as they exist: without it the data cannot be read."
  type        = string
  default     = null

  validation {
    condition     = var.data_kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.data_kms_key_arn))
    error_message = "data_kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID) without wildcards, not of an alias, or null."
  }
}

variable "attachment_kms_key_arns" {
  description = "ARNs of the KMS keys of buckets that attachments are read from (s3Uri). The sender may decrypt with them, through S3 only. Each key's policy must allow this account."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.attachment_kms_key_arns : can(regex("^arn:[^:]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "attachment_kms_key_arns must be ARNs of KMS keys (arn:aws:kms:REGION:ACCOUNT:key/ID) without wildcards, not of aliases."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# IAM roles
# ---------------------------------------------------------------------------------------------------------------------

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that your organisation requires as permissions boundary of every role; null sets none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*?]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null."
  }
}

variable "role_path" {
  description = "IAM path of every role."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.role_path))
    error_message = "role_path must be a path that starts and ends with a slash, such as /engines/, with at most 512 characters and no spaces (IAM's rule)."
  }
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

  validation {
    condition     = var.configuration_set_name == null ? true : can(regex("^[A-Za-z0-9_-]{1,64}$", var.configuration_set_name))
    error_message = "configuration_set_name must be 1 to 64 letters, digits, hyphens or underscores (SES's rule), or null."
  }
}

variable "tls_policy" {
  description = "REQUIRE: SES sends over TLS only; an email to a server without TLS bounces. OPTIONAL: SES sends to such a server without TLS. It applies only to a configuration set that the engine creates."
  type        = string
  default     = "REQUIRE"

  validation {
    condition     = contains(["REQUIRE", "OPTIONAL"], var.tls_policy)
    error_message = "tls_policy must be REQUIRE or OPTIONAL."
  }
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

  validation {
    condition     = var.tracking_domain == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.tracking_domain))
    error_message = "tracking_domain must be a domain in lower case without a trailing dot, such as click.example.com, or null."
  }

  validation {
    condition     = var.tracking_domain == null ? true : var.create_configuration_set
    error_message = "tracking_domain needs a configuration set that the engine creates. With create_configuration_set = false, leave it null and set the domain on your own configuration set."
  }
}

variable "tracking_https" {
  description = "Serve tracked links and images over HTTPS only. This needs a CDN in front of SES, with a certificate for tracking_domain."
  type        = bool
  default     = false

  validation {
    condition     = !var.tracking_https || var.tracking_domain != null
    error_message = "tracking_https = true needs a tracking_domain. Set one, or set tracking_https = false."
  }

  validation {
    condition     = var.tracking_https || var.tracking_domain == null || !var.click_tracking
    error_message = "click_tracking with a tracking_domain needs tracking_https = true, because https links then lead to https://tracking_domain. Set up a CDN with a certificate and tracking_https, or turn click_tracking off."
  }
}
