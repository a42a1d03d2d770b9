# ---------------------------------------------------------------------------------------------------------------------
# Where the team's statuses go
# ---------------------------------------------------------------------------------------------------------------------

variable "status_target" {
  description = "Where the team's statuses go: an SQS queue, a Lambda function or another EventBridge target by its arn, or type https with a url that receives each status as a POST. dead_letter_queue_arn is an SQS queue for statuses that the target rejected; type https creates one of its own. null for no subscription. Of type https only: EventBridge posts with a key in key_header (X-Api-Key), rate_per_second (50), for maximum_event_age_in_seconds (86400); with signed = true a function posts with a signature, max_tries (110: for about a day) times, in at most maximum_concurrency (5) batches of ten at the same time. A higher secret_version (1) rotates the signing secret. allow_private_addresses is for tests on one machine."
  type = object({
    type                         = string
    arn                          = optional(string)
    dead_letter_queue_arn        = optional(string)
    url                          = optional(string)
    key_header                   = optional(string)
    rate_per_second              = optional(number)
    maximum_event_age_in_seconds = optional(number)
    signed                       = optional(bool)
    max_tries                    = optional(number)
    maximum_concurrency          = optional(number)
    secret_version               = optional(number)
    allow_private_addresses      = optional(bool)
  })
  default = null

  validation {
    condition     = var.status_target == null ? true : contains(["sqs", "lambda", "https", "other"], var.status_target.type)
    error_message = "type of status_target must be sqs, lambda, https or other."
  }

  validation {
    condition     = try(var.status_target.type, "https") == "https" ? true : can(regex("^arn:[^:]+:[a-z-]+:", var.status_target.arn))
    error_message = "arn of status_target must be an ARN, such as that of an SQS queue; only type https takes a url in its place."
  }

  validation {
    condition     = try(var.status_target.dead_letter_queue_arn, null) == null ? true : can(regex("^arn:[^:]+:sqs:", var.status_target.dead_letter_queue_arn))
    error_message = "dead_letter_queue_arn of status_target must be the ARN of an SQS queue."
  }

  # EventBridge calls public HTTPS endpoints only; a local cloud has no certificate.
  validation {
    condition     = try(var.status_target.type, "") != "https" ? true : can(regex("^(https://[!-~]+|http://127\\.0\\.0\\.1:[0-9]+(/[!-~]*)?)$", var.status_target.url)) && can(regex("^https?://[^/?#@]+(/[^#]*)?$", var.status_target.url)) && var.status_target.arn == null && var.status_target.dead_letter_queue_arn == null
    error_message = "status_target of type https needs a url of ASCII characters that starts with https://, without user, password or fragment, and neither arn nor dead_letter_queue_arn. http:// is allowed for 127.0.0.1 only."
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
    error_message = "secret_version of status_target must be a whole number of 1 or more: each higher one rotates the secret."
  }

  validation {
    condition = try(coalesce(var.status_target.signed, false), false) ? (
      var.status_target.type == "https" && var.status_target.key_header == null && var.status_target.rate_per_second == null && var.status_target.maximum_event_age_in_seconds == null
      ) : var.status_target == null ? true : (
      var.status_target.max_tries == null && var.status_target.maximum_concurrency == null && var.status_target.secret_version == null && var.status_target.allow_private_addresses == null
    )
    error_message = "signed of status_target is for type https. With it, max_tries, maximum_concurrency, secret_version and allow_private_addresses are allowed; without it, key_header, rate_per_second and maximum_event_age_in_seconds."
  }

  validation {
    condition     = try(coalesce(var.status_target.signed, false), false) && startswith(try(coalesce(var.status_target.url, ""), ""), "http://") ? coalesce(var.status_target.allow_private_addresses, false) : true
    error_message = "A signed status_target with a url of 127.0.0.1 needs allow_private_addresses = true: it is for tests on one machine."
  }
}

variable "status_target_key" {
  description = "Secret that a status_target of type https that is not signed gets in its key_header, so that it can tell the engine's calls from others. It is in Terraform's state."
  type        = string
  default     = null
  sensitive   = true

  # EventBridge stores it as a header's value.
  validation {
    condition     = var.status_target_key == null ? true : can(regex("^[\\x21-\\x7e]{16,512}$", var.status_target_key))
    error_message = "status_target_key must be 16 to 512 printable characters without spaces."
  }

  validation {
    condition     = (try(var.status_target.type, "") == "https" && !try(coalesce(var.status_target.signed, false), false)) == (var.status_target_key != null)
    error_message = "status_target of type https needs a status_target_key, unless it is signed; other types take none."
  }
}
