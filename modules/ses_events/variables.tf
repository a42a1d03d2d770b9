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

variable "create_configuration_set" {
  description = "Create the configuration set. False uses the one named in configuration_set_name, or none."
  type        = bool
  default     = true
}

variable "configuration_set_name" {
  description = "Name of the configuration set; null names it after the engine, or uses none where it is not created."
  type        = string
  default     = null

  validation {
    condition     = var.configuration_set_name == null ? true : can(regex("^[A-Za-z0-9_-]{1,64}$", var.configuration_set_name))
    error_message = "configuration_set_name must be 1 to 64 letters, digits, hyphens or underscores (SES's rule), or null."
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

variable "feedback_queue_arn" {
  description = "ARN of the queue that the events go to."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:", var.feedback_queue_arn))
    error_message = "feedback_queue_arn must be the ARN of an SQS queue."
  }
}

variable "dead_letter_queue_arn" {
  description = "ARN of the queue for events that could not be delivered to the feedback queue."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:", var.dead_letter_queue_arn))
    error_message = "dead_letter_queue_arn must be the ARN of an SQS queue."
  }
}

variable "kms_key_arn" {
  description = "Customer key for the topic. Its policy must let SES and SNS use it; the AWS-managed key would silently stop SES from publishing."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias, or null."
  }
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
