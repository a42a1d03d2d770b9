# ---------------------------------------------------------------------------------------------------------------------
# Unsubscribe page
# ---------------------------------------------------------------------------------------------------------------------

variable "unsubscribe_endpoint" {
  description = "Deploy the unsubscribe page. If a request has listUnsubscribe = true, its email gets a signed link to the page. One click there ends the bulk emails of a topic."
  type        = bool
  default     = false
}

variable "unsubscribe_base_url" {
  description = "Start of the links to the unsubscribe page, such as https://mail.example.com: a domain that you have mapped to the output unsubscribe_api_id. null uses the API's own address."
  type        = string
  default     = null

  validation {
    condition     = var.unsubscribe_base_url == null ? true : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*$", var.unsubscribe_base_url)) && length(var.unsubscribe_base_url) <= 100
    error_message = "unsubscribe_base_url must be an https URL of at most 100 characters without a slash at its end, such as https://mail.example.com, or null. Mail clients offer one-click unsubscribe for https only."
  }

  validation {
    condition     = var.unsubscribe_base_url == null || var.unsubscribe_endpoint
    error_message = "unsubscribe_base_url needs unsubscribe_endpoint = true. Set that, or leave unsubscribe_base_url null."
  }
}

variable "unsubscribe_requests_per_second" {
  description = "Requests per second that the unsubscribe page accepts, with bursts of twice as many. API Gateway rejects further ones with status 429."
  type        = number
  default     = 50

  validation {
    condition     = var.unsubscribe_requests_per_second >= 1 && var.unsubscribe_requests_per_second <= 5000 && floor(var.unsubscribe_requests_per_second) == var.unsubscribe_requests_per_second
    error_message = "unsubscribe_requests_per_second must be a whole number from 1 to 5000."
  }
}

variable "unsubscribe_reserved_concurrency" {
  description = "Concurrent executions that Lambda reserves for the unsubscribe page, which are its limit too; null reserves none. An account with a quota of ten executions needs null."
  type        = number
  default     = null

  validation {
    condition     = var.unsubscribe_reserved_concurrency == null ? true : var.unsubscribe_reserved_concurrency >= 1 && floor(var.unsubscribe_reserved_concurrency) == var.unsubscribe_reserved_concurrency
    error_message = "unsubscribe_reserved_concurrency must be a whole number from 1, or null."
  }
}

variable "bulk_requires_unsubscribe" {
  description = "What happens to a bulk email without listUnsubscribe. warn: it is sent, and the log names its producer. refuse: it fails."
  type        = string
  default     = "warn"

  validation {
    condition     = contains(["warn", "refuse"], var.bulk_requires_unsubscribe)
    error_message = "bulk_requires_unsubscribe must be warn or refuse."
  }
}
