# ---------------------------------------------------------------------------------------------------------------------
# Unsubscribing
# ---------------------------------------------------------------------------------------------------------------------

variable "unsubscribe_endpoint" {
  description = "Deploy the unsubscribe page: listUnsubscribe = true puts its signed link into an email, and one click there ends the bulk mail of a topic."
  type        = bool
  default     = false
}

variable "unsubscribe_base_url" {
  description = "Where links to the unsubscribe page start, such as https://mail.example.com, a domain that you have mapped to output unsubscribe_api_id; null uses the API's own address."
  type        = string
  default     = null

  validation {
    condition     = var.unsubscribe_base_url == null ? true : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*$", var.unsubscribe_base_url)) && length(var.unsubscribe_base_url) <= 100
    error_message = "unsubscribe_base_url starts with https:// and has no slash at its end, as in https://mail.example.com, at most 100 characters: mail clients offer one click for https alone."
  }

  validation {
    condition     = var.unsubscribe_base_url == null || var.unsubscribe_endpoint
    error_message = "unsubscribe_base_url needs unsubscribe_endpoint = true."
  }
}

variable "unsubscribe_requests_per_second" {
  description = "Requests a second that the unsubscribe page takes, with bursts of twice as many; API Gateway rejects more with 429."
  type        = number
  default     = 50

  validation {
    condition     = var.unsubscribe_requests_per_second >= 1 && var.unsubscribe_requests_per_second <= 5000 && floor(var.unsubscribe_requests_per_second) == var.unsubscribe_requests_per_second
    error_message = "unsubscribe_requests_per_second must be a whole number from 1 to 5000."
  }
}

variable "unsubscribe_reserved_concurrency" {
  description = "Concurrent executions that are kept for the unsubscribe page alone, and its limit; null reserves none, which an account with ten executions needs."
  type        = number
  default     = null

  validation {
    condition     = var.unsubscribe_reserved_concurrency == null ? true : var.unsubscribe_reserved_concurrency >= 1 && floor(var.unsubscribe_reserved_concurrency) == var.unsubscribe_reserved_concurrency
    error_message = "unsubscribe_reserved_concurrency must be a whole number from 1, or null."
  }
}

variable "bulk_requires_unsubscribe" {
  description = "What happens to bulk mail without listUnsubscribe: warn sends it and logs its producer; refuse fails it."
  type        = string
  default     = "warn"

  validation {
    condition     = contains(["warn", "refuse"], var.bulk_requires_unsubscribe)
    error_message = "bulk_requires_unsubscribe must be warn or refuse."
  }
}
