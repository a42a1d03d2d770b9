# ---------------------------------------------------------------------------------------------------------------------
# Required
# ---------------------------------------------------------------------------------------------------------------------

variable "admin_email" {
  description = "Address that receives every alarm by email, once its owner has confirmed AWS's subscription email."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.admin_email))
    error_message = "admin_email must be one email address, such as ops@example.com."
  }
}

variable "default_sender_email" {
  description = "Sender of emails if neither request nor template sets one. SES must have verified the address or its domain."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.default_sender_email))
    error_message = "default_sender_email must be one email address without a display name, such as no-reply@example.com; the name goes into default_sender_name."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# General
# ---------------------------------------------------------------------------------------------------------------------

variable "name" {
  description = "First part of every name; two engines in one account need two, or two regions and regional_names."
  type        = string
  default     = "sesmailengine"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,39}$", var.name))
    error_message = "name must be 2 to 40 lower-case letters, digits or hyphens and start with a letter: it becomes part of a bucket name, which ends at 63 characters."
  }

  validation {
    condition     = !startswith(var.name, "aws") && !startswith(var.name, "ssm")
    error_message = "name must not start with aws or ssm: the keys are SSM parameters under /NAME/, and SSM reserves both."
  }
}

variable "regional_names" {
  description = "End the names of roles, dashboard and template bucket with the region, so that engines of one name fit into several regions of an account. Set it before the first apply: a later change replaces all of them, and the new bucket has no template of yours."
  type        = bool
  default     = false

  validation {
    condition     = !var.regional_names || length(var.name) <= 30
    error_message = "regional_names leaves at most 30 characters to name: the region becomes part of role and bucket names, which end at 64 and 63 characters."
  }
}

variable "environment" {
  description = "Stage that the engine runs in; appears in its logs."
  type        = string
  default     = "prod"

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment must be dev, staging or prod."
  }
}

variable "default_sender_name" {
  description = "Sender name of emails if neither request nor template sets one."
  type        = string
  default     = "SESMailEngine"

  validation {
    condition     = can(regex("^[^[:cntrl:]]{0,64}$", var.default_sender_name))
    error_message = "default_sender_name must have at most 64 characters and no line breaks: it goes into the From header."
  }
}

variable "status_event_source" {
  description = "Source of the engine's own events on the bus."
  type        = string
  default     = "sesmailengine"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]{1,256}$", var.status_event_source)) && !startswith(var.status_event_source, "aws.")
    error_message = "status_event_source must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes and not start with aws. (EventBridge's rule)."
  }
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

  validation {
    condition     = var.data_retention_days >= 30 && var.data_retention_days <= 365 && floor(var.data_retention_days) == var.data_retention_days
    error_message = "data_retention_days must be a whole number of days between 30 and 365."
  }
}

variable "archive_days" {
  description = "Days that EventBridge archives requests for a replay; 0 keeps no archive. An archive holds template data."
  type        = number
  default     = 0

  validation {
    condition     = var.archive_days >= 0 && var.archive_days <= 3650 && floor(var.archive_days) == var.archive_days
    error_message = "archive_days must be a whole number of days between 0 (no archive) and 3650."
  }

  validation {
    condition     = var.archive_days <= var.data_retention_days
    error_message = "archive_days must not be more than data_retention_days: a replay sends again what has no record any more."
  }
}

variable "kms_key_arn" {
  description = "Customer key for the topics. Its policy must let SES, CloudWatch and SNS use it: the AWS-managed key would silently stop SES and CloudWatch from publishing."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias, or null."
  }
}

variable "data_kms_key_arn" {
  description = "Customer key for the tables and the template bucket; null uses the account's DynamoDB key and S3's own. Without the key the data cannot be read: do not delete it while they exist."
  type        = string
  default     = null

  validation {
    condition     = var.data_kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.data_kms_key_arn))
    error_message = "data_kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias, without wildcards, or null."
  }
}

variable "attachment_kms_key_arns" {
  description = "Customer keys of the buckets that attachments are read from (s3Uri): the sender may decrypt with them, through S3 only. The keys' policies must let this account in."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.attachment_kms_key_arns : can(regex("^arn:[^:]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "attachment_kms_key_arns must be ARNs of KMS keys (arn:aws:kms:REGION:ACCOUNT:key/ID), not aliases, without wildcards."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Roles
# ---------------------------------------------------------------------------------------------------------------------

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role of the engine, where your organisation requires one; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*?]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null."
  }
}

variable "role_path" {
  description = "Path of every role of the engine."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.role_path))
    error_message = "role_path must start and end with a slash, such as /engines/, and have at most 512 characters without spaces (IAM's rule)."
  }
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

  validation {
    condition     = var.configuration_set_name == null ? true : can(regex("^[A-Za-z0-9_-]{1,64}$", var.configuration_set_name))
    error_message = "configuration_set_name must be 1 to 64 letters, digits, hyphens or underscores (SES's rule), or null."
  }
}

variable "tls_policy" {
  description = "REQUIRE: SES sends over TLS only, and a recipient's server that offers none bounces. OPTIONAL: SES sends without TLS there. Of the configuration set that is created."
  type        = string
  default     = "REQUIRE"

  validation {
    condition     = contains(["REQUIRE", "OPTIONAL"], var.tls_policy)
    error_message = "tls_policy must be REQUIRE or OPTIONAL."
  }
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

  validation {
    condition     = var.tracking_domain == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.tracking_domain))
    error_message = "tracking_domain must be a domain in lower case without a trailing dot, such as click.example.com, or null."
  }

  validation {
    condition     = var.tracking_domain == null ? true : var.create_configuration_set
    error_message = "tracking_domain is a setting of the configuration set that the engine creates: with create_configuration_set = false, set it on your own."
  }
}

variable "tracking_https" {
  description = "Track over HTTPS only. It needs a CDN with a certificate for tracking_domain in front of SES."
  type        = bool
  default     = false

  validation {
    condition     = !var.tracking_https || var.tracking_domain != null
    error_message = "tracking_https needs tracking_domain: SES's own domain decides by itself."
  }

  validation {
    condition     = var.tracking_https || var.tracking_domain == null || !var.click_tracking
    error_message = "tracking_https must be true for click_tracking with a tracking_domain: SES sends readers of an https link to https://tracking_domain, which has no certificate without a CDN."
  }
}
