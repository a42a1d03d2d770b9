# ---------------------------------------------------------------------------------------------------------------------
# Statuses
# ---------------------------------------------------------------------------------------------------------------------

variable "status_target" {
  description = "Target that receives the statuses of this producer's emails: an SQS queue, a Lambda function, another EventBridge target, or an HTTPS URL. null delivers no statuses."
  type = object({
    # Kind of target: sqs, lambda, https, or other for another EventBridge target.
    type = string
    # ARN of the target, unless type is https.
    arn = optional(string)
    # SQS queue for statuses that the target rejected; type https creates one of its own.
    dead_letter_queue_arn = optional(string)
    # URL that receives each status as a POST, for type https.
    url = optional(string)
    # Without signed: header that carries status_target_key; null means X-Api-Key.
    key_header = optional(string)
    # Without signed: most calls per second; null means 50.
    rate_per_second = optional(number)
    # Without signed: seconds that EventBridge retries a status; null means 86400, a day.
    maximum_event_age_in_seconds = optional(number)
    # Post each status with a signature (Standard Webhooks), by a Lambda function, instead of with a key.
    signed = optional(bool)
    # With signed: most tries for a status; null means 110, about a day.
    max_tries = optional(number)
    # With signed: most batches of ten statuses that are posted at the same time; null means 5.
    maximum_concurrency = optional(number)
    # With signed: version of the signing secret; null means 1. A higher one rotates the secret.
    secret_version = optional(number)
    # With signed: allow URLs with private addresses, for tests on one machine.
    allow_private_addresses = optional(bool)
  })
  default = null

  validation {
    condition     = var.status_target == null ? true : contains(["sqs", "lambda", "https", "other"], var.status_target.type)
    error_message = "type of status_target must be sqs, lambda, https or other."
  }

  validation {
    condition     = try(var.status_target.type, "https") == "https" ? true : can(regex("^arn:[^:]+:[a-z-]+:", var.status_target.arn))
    error_message = "arn of status_target must be an ARN, such as that of an SQS queue, if type is sqs, lambda or other. Only type https takes a url instead."
  }

  validation {
    condition     = try(var.status_target.dead_letter_queue_arn, null) == null ? true : can(regex("^arn:[^:]+:sqs:", var.status_target.dead_letter_queue_arn))
    error_message = "dead_letter_queue_arn of status_target must be the ARN of an SQS queue."
  }

  # EventBridge calls public HTTPS endpoints only; a local cloud has no certificate.
  validation {
    condition     = try(var.status_target.type, "") != "https" ? true : can(regex("^(https://[!-~]+|http://127\\.0\\.0\\.1:[0-9]+(/[!-~]*)?)$", var.status_target.url)) && can(regex("^https?://[^/?#@]+(/[^#]*)?$", var.status_target.url)) && var.status_target.arn == null && var.status_target.dead_letter_queue_arn == null
    error_message = "url of status_target must be an https URL in ASCII without user, password or fragment, if type is https. Set neither arn nor dead_letter_queue_arn then. An http URL is allowed for 127.0.0.1 only."
  }

  validation {
    condition     = try(var.status_target.key_header, null) == null ? true : can(regex("^[A-Za-z0-9-]{1,64}$", var.status_target.key_header))
    error_message = "key_header of status_target must be the name of an HTTP header: 1 to 64 letters, digits and hyphens, such as X-Api-Key."
  }

  validation {
    condition     = try(var.status_target.rate_per_second, null) == null ? true : contains(range(1, 301), var.status_target.rate_per_second)
    error_message = "rate_per_second of status_target must be a whole number from 1 to 300 (EventBridge's limit)."
  }

  validation {
    condition     = try(var.status_target.maximum_event_age_in_seconds, null) == null ? true : var.status_target.maximum_event_age_in_seconds >= 60 && var.status_target.maximum_event_age_in_seconds <= 86400 && floor(var.status_target.maximum_event_age_in_seconds) == var.status_target.maximum_event_age_in_seconds
    error_message = "maximum_event_age_in_seconds of status_target must be a whole number from 60 to 86400 (EventBridge's limits)."
  }

  validation {
    condition     = try(var.status_target.max_tries, null) == null ? true : contains(range(1, 1001), var.status_target.max_tries)
    error_message = "max_tries of status_target must be a whole number from 1 to 1000 (the limit of SQS): 10 take 15 minutes, 110 about a day."
  }

  validation {
    condition     = try(var.status_target.maximum_concurrency, null) == null ? true : contains(range(2, 1001), var.status_target.maximum_concurrency)
    error_message = "maximum_concurrency of status_target must be a whole number from 2 to 1000 (Lambda's limits)."
  }

  validation {
    condition     = try(var.status_target.secret_version, null) == null ? true : var.status_target.secret_version >= 1 && floor(var.status_target.secret_version) == var.status_target.secret_version
    error_message = "secret_version of status_target must be a whole number from 1: each higher one rotates the secret."
  }

  validation {
    condition = try(coalesce(var.status_target.signed, false), false) ? (
      var.status_target.type == "https" && var.status_target.key_header == null && var.status_target.rate_per_second == null && var.status_target.maximum_event_age_in_seconds == null
      ) : var.status_target == null ? true : (
      var.status_target.max_tries == null && var.status_target.maximum_concurrency == null && var.status_target.secret_version == null && var.status_target.allow_private_addresses == null
    )
    error_message = "signed of status_target must be false or left out, unless type is https. With signed = true, leave out key_header, rate_per_second and maximum_event_age_in_seconds. Without it, leave out max_tries, maximum_concurrency, secret_version and allow_private_addresses."
  }

  validation {
    condition     = try(coalesce(var.status_target.signed, false), false) && startswith(try(coalesce(var.status_target.url, ""), ""), "http://") ? coalesce(var.status_target.allow_private_addresses, false) : true
    error_message = "allow_private_addresses of status_target must be true for a signed target with a url of 127.0.0.1. Use that for tests on one machine only."
  }
}

variable "status_target_key" {
  description = "Key of a status_target of type https that is not signed. EventBridge sends it in the header key_header, and your server checks it. Terraform's state contains it."
  type        = string
  default     = null
  sensitive   = true

  # EventBridge stores it as a header's value.
  validation {
    condition     = var.status_target_key == null ? true : can(regex("^[\\x21-\\x7e]{16,512}$", var.status_target_key))
    error_message = "status_target_key must be 16 to 512 printable ASCII characters without spaces."
  }

  validation {
    condition     = (try(var.status_target.type, "") == "https" && !try(coalesce(var.status_target.signed, false), false)) == (var.status_target_key != null)
    error_message = "status_target_key must be set for a status_target of type https that is not signed, and left out for any other. Set the key, or signed = true."
  }
}
