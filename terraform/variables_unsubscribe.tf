# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

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
}

variable "unsubscribe_requests_per_second" {
  description = "Requests per second that the unsubscribe page accepts, with bursts of twice as many. API Gateway rejects further ones with status 429."
  type        = number
  default     = 50
}

variable "unsubscribe_reserved_concurrency" {
  description = "Concurrent executions that Lambda reserves for the unsubscribe page, which are its limit too; null reserves none. An account with a quota of ten executions needs null."
  type        = number
  default     = null
}

variable "bulk_requires_unsubscribe" {
  description = "What happens to a bulk email without listUnsubscribe. warn: it is sent, and the log names its producer. refuse: it fails."
  type        = string
  default     = "warn"
}
